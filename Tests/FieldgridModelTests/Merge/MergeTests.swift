import FieldgridModel
import Testing

@Suite struct MergeTests {
    private let created = Edit(author: 1, seq: 1, value: 10, time: 0, seen: 0)

    @Test func anEditThatSawTheValueReplacesItWithoutAConflict() {
        let later = Edit(author: 2, seq: 1, value: 11, time: -5, seen: 1)
        let (state, outcomes) = UnitState.after([created, later], policy: .latest)
        #expect(state.shown(.latest) == 11)
        #expect(outcomes[1].effect == .stands)
        #expect(state.conflict == nil)
    }

    @Test func ownEarlierChangesAreSeenWhateverTheContext() {
        let again = Edit(author: 1, seq: 2, value: 12, time: 1, seen: 0)
        let (state, _) = UnitState.after([created, again], policy: .review)
        #expect(state.sides.count == 1)
        #expect(state.conflict == nil)
    }

    @Test func concurrentDifferentValuesAreOneConflictWithBothSides() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 9, seen: 0)
        let (state, outcomes) = UnitState.after([created, other], policy: .latest)
        #expect(state.shown(.latest) == 20)
        #expect(state.conflict?.state == .decided)
        #expect(state.sides.map(\.value.single) == [.integer(10), .integer(20)])
        #expect(outcomes[1].effect == .wins)
        #expect(outcomes[1].rivals == [created.identity])
    }

    @Test func anOlderConcurrentValueLosesAndStaysASide() {
        let other = Edit(author: 2, seq: 1, value: 20, time: -9, seen: 0)
        let (state, outcomes) = UnitState.after([created, other], policy: .latest)
        #expect(state.shown(.latest) == 10)
        #expect(outcomes[1].effect == .loses)
        #expect(state.sides.count == 2)
        #expect(state.changed == Position(2), "the loser's replica must hear of the decision")
    }

    @Test func concurrentEqualValuesAgreeAndKeepTheirIdentities() {
        let other = Edit(author: 2, seq: 1, value: 10, time: 3, seen: 0)
        let (state, outcomes) = UnitState.after([created, other], policy: .review)
        #expect(outcomes[1].effect == .agrees)
        #expect(state.conflict == nil)
        #expect(state.sides.count == 2)
    }

    @Test func aLaterValueOfOneSideReplacesThatSide() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 1, seen: 0)
        let again = Edit(author: 2, seq: 2, value: 21, time: 2, seen: 0)
        let (state, outcomes) = UnitState.after([created, other, again], policy: .review)
        #expect(state.sides.map(\.value.single) == [.integer(10), .integer(21)])
        #expect(outcomes[1].conflict == outcomes[2].conflict, "it is not a second conflict")
    }

    @Test func reviewStaysOpenAndShowsTheLaterTime() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 5, seen: 0)
        let (state, _) = UnitState.after([created, other], policy: .review)
        #expect(state.conflict?.state == .open)
        #expect(state.shown(.review) == 20)
    }

    @Test func seeingEverySideSettlesAnOpenConflict() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 5, seen: 0)
        let third = Edit(author: 3, seq: 1, value: 15, time: 6, seen: 2)
        let (state, outcomes) = UnitState.after([created, other, third], policy: .review)
        #expect(outcomes[2].effect == .settles)
        #expect(state.conflict?.state == .settled)
        #expect(state.shown(.review) == 15)
    }

    @Test func aSettlementNeverLosesToAConcurrentChangeByRule() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 5, seen: 0)
        let id = World.conflict(created.identity, other.identity)
        let settled = Edit(
            author: 3, seq: 1, value: 10, time: 6, seen: 0, settles: id,
            named: [created.identity, other.identity])
        let late = Edit(author: 1, seq: 2, value: 30, time: 99, seen: 1)
        let (state, outcomes) = UnitState.after([created, other, settled, late], policy: .latest)
        #expect(state.shown(.latest) == 10)
        #expect(state.conflict?.id == id)
        #expect(state.conflict?.state == .reopened)
        #expect(state.conflict?.base == UnitValue(.integer(0)))
        #expect(outcomes[3].effect == .loses)
    }

    @Test func twoSettlementsThatDisagreeReopenAndThatAgreeDoNot() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 5, seen: 0)
        let id = World.conflict(created.identity, other.identity)
        let sides = [created.identity, other.identity]
        let first = Edit(
            author: 3, seq: 1, value: 10, time: 6, seen: 2, settles: id, named: sides)
        let disagreeing = Edit(
            author: 4, seq: 1, value: 20, time: 7, seen: 2, settles: id, named: sides)
        var agreeing = disagreeing
        agreeing.value = 10
        let apart = UnitState.after([created, other, first, disagreeing], policy: .review).state
        let together = UnitState.after([created, other, first, agreeing], policy: .review).state
        #expect(apart.conflict?.state == .reopened)
        #expect(together.conflict?.state == .settled)
    }

    @Test func howItWasLearntRanksBeforeTime() {
        var registry = Edit(author: 2, seq: 1, value: 20, time: -100, seen: 0)
        registry.source = .registry
        let (state, outcomes) = UnitState.after([created, registry], policy: .precedence)
        #expect(state.shown(.precedence) == 20)
        #expect(outcomes[1].rule == .precedence)
    }

    @Test func equalRanksGoToTheLaterTime() {
        let other = Edit(author: 2, seq: 1, value: 20, time: 1, seen: 0)
        let (state, outcomes) = UnitState.after([created, other], policy: .precedence)
        #expect(state.shown(.precedence) == 20)
        #expect(outcomes[1].rule == .latest)
    }

    @Test func aClampedTimeNeverWinsByItself() {
        var wrong = Edit(author: 2, seq: 1, value: 20, time: 500, seen: 0)
        wrong.isClamped = true
        let (state, outcomes) = UnitState.after([created, wrong], policy: .latest)
        #expect(state.shown(.latest) == 10)
        #expect(state.conflict?.state == .open)
        #expect(outcomes[1].rule == .clampedTime)
    }

    @Test func aClampedTimeStandsWhereNobodyDisagrees() {
        var wrong = Edit(author: 2, seq: 1, value: 20, time: 500, seen: 1)
        wrong.isClamped = true
        let (state, _) = UnitState.after([created, wrong], policy: .latest)
        #expect(state.shown(.latest) == 20)
        #expect(state.conflict == nil)
    }

    @Test func theGreatestOfConcurrentValuesStandsWithoutAConflict() {
        let lower = Edit(author: 2, seq: 1, value: 5, time: 9, seen: 0)
        let (state, outcomes) = UnitState.after([created, lower], policy: .greatest)
        #expect(state.shown(.greatest) == 10)
        #expect(outcomes[1].effect == .loses)
        #expect(state.conflict == nil)
    }

    @Test func whoSawTheGreatestMayLowerIt() {
        let lower = Edit(author: 2, seq: 1, value: 5, time: 9, seen: 1)
        let (state, _) = UnitState.after([created, lower], policy: .greatest)
        #expect(state.shown(.greatest) == 5)
    }

    @Test func aHiddenValueIsNotSeenThroughAnExceptionToTheContext() {
        let hidden = Edit(author: 2, seq: 1, value: 20, time: 1, seen: 1)
        // The screen still showed an own value from before position 2.
        var over = Edit(author: 1, seq: 2, value: 30, time: 2, seen: 2)
        over.exception = 1
        let (state, _) = UnitState.after([created, hidden, over], policy: .review)
        #expect(state.conflict?.state == .open)
        over.exception = nil
        let (plain, _) = UnitState.after([created, hidden, over], policy: .review)
        #expect(plain.conflict == nil)
    }
}
