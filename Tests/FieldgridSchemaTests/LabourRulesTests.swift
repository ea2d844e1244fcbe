import FieldgridModel
import FieldgridSchema
import Testing

/// Which rule of the labour schema a record breaks.
@Suite struct LabourRulesTests {
    private func codes(_ typeName: String, _ typed: [String: String]) throws -> [String] {
        let schema = try LabourSchema.read()
        let type = try #require(schema.type(named: typeName))
        var values: [UnitNumber: Value] = [:]
        for (name, text) in typed {
            let field = try #require(type.field(named: name))
            values[field.number] =
                try FieldInput.parse(text, for: field, type: type, schema: schema).get()
        }
        let today = LocalDate(daysSince1970: 20_658)
        return type.violations(of: values, in: schema, today: today).map(\.code)
    }

    private static let id = "01890a5d-ac96-774b-bcce-b302099a8057"

    private func snapshot(_ typed: [String: String]) throws -> [String] {
        try codes("snapshot", typed.merging(["employer": Self.id, "period": "2026H2"]) { $1 })
    }

    @Test(
        arguments: [
            (["name": "虚构甲"], []), ([:], ["value.required"]),
            (["name": "虚构甲", "uscc": "91110000802100433B", "org_code": "80210043-3"], []),
            (
                ["name": "虚构甲", "uscc": "91110000802100433B", "org_code": "19220382-1"],
                ["rule.uscc_contains_org_code"]
            ),
            (["name": "虚构甲", "uscc": "91110000802100433C"], ["value.check-digit"]),
            (["name": "虚构甲", "legal_rep_id_no": "220602180001010014"], []),
            (["name": "虚构甲", "legal_rep_id_no": "220602180001010015"], ["value.check-digit"]),
            (["name": "虚构甲", "reg_no": "110108000673294"], ["value.check-digit"]),
            (["name": "虚构甲", "phone": "3220000"], ["value.shape"]),
            (["name": "虚构甲", "founded_on": "9999-01-01"], ["value.date-in-future"]),
            (["name": "虚构甲", "geo_lon": "126.42"], ["rule.position_is_whole"]),
            (["name": "虚构甲", "geo_lon": "26.42", "geo_lat": "41.94"], ["value.range"]),
            (["name": "虚构甲", "reg_type": "172", "reg_type_ver": "2023"], ["value.code-unknown"]),
            (["name": "虚构甲", "industry_code": "C13", "industry_ver": "2017"], []),
            (
                ["name": "虚构甲", "industry_code": "C13", "industry_ver": "2002"],
                ["value.code-unknown"]
            ),
            (["name": "虚构甲", "reg_capital": "-1"], ["value.range"]),
        ] as [([String: String], [String])])
    func anEmployerIsCheckedByItsSchema(typed: [String: String], expected: [String]) throws {
        #expect(try codes("employer", typed) == expected)
    }

    private static let headcount = [
        "hc_total": "10", "hc_establishment": "0", "hc_direct": "6", "hc_dispatched_in": "2",
        "hc_other_unit": "1", "hc_student": "1", "hc_pensioner": "0", "hc_male": "4",
        "hc_female": "6",
    ]

    @Test(
        arguments: [
            ([:], []), (["hc_direct": "7"], ["rule.headcount_adds_up"]),
            (["hc_male": "5"], ["rule.sexes_add_up"]),
            (["hc_migrant": "9"], ["rule.migrants_within_staff"]),
            (["hc_part_time": "7"], ["rule.part_time_within_direct"]),
            (["hc_minor_16_18": "1"], ["rule.minors_need_protection"]),
            (["hc_minor_16_18": "1", "minor_health_check": "是", "minor_registered": "否"], []),
            (["hc_female": ""], []), (["hc_child_u16": "-1"], ["value.range"]),
        ] as [([String: String], [String])])
    func aHeadcountAddsUp(change: [String: String], expected: [String]) throws {
        #expect(try snapshot(Self.headcount.merging(change) { $1 }) == expected)
    }

    @Test(
        arguments: [
            (["ct_signed": "6", "ct_fixed": "3", "ct_open": "2", "ct_task": "1"], []),
            (
                ["ct_signed": "6", "ct_fixed": "3", "ct_open": "2", "ct_task": "2"],
                ["rule.contracts_add_up"]
            ),
            (["wage_lowest": "1780.50", "wage_avg": "1780.49"], ["rule.lowest_below_average"]),
            (["arrears_count": "3", "arrears_amount": "0"], ["rule.arrears_have_amount"]),
            (["arrears_count": "0", "arrears_amount": "0.01"], ["rule.arrears_have_amount"]),
            (["arrears_count": "3", "arrears_amount": "12000"], []),
            (["arrears_from": "2026-05", "arrears_to": "2026-04"], ["rule.arrears_span"]),
            (["pay_day": "32"], ["value.range"]), (["period": "2026"], ["value.shape"]),
        ] as [([String: String], [String])])
    func contractsAndWagesAreChecked(typed: [String: String], expected: [String]) throws {
        let whole = ["employer": Self.id, "period": "2026H2"].merging(typed) { $1 }
        #expect(try codes("snapshot", whole) == expected)
    }

    @Test func insuredPeopleNeedAnEnrolledEmployer() throws {
        let typed = [
            "snapshot": Self.id, "kind": "工伤保险", "insured_count": "3", "enrolled": "否",
        ]
        #expect(try codes("insurance", typed) == ["rule.insured_are_enrolled"])
    }
}
