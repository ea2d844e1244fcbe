import FieldgridModel
import Testing

/// Vectors: published codes of well-known organisations, and fictional ones.
@Suite struct CheckDigitTests {
    @Test(arguments: [
        "91110000802100433B", "914403001922038216", "91440300708461136T", "9144030071526726XG",
        "91330100799655058B", "91100000100003962T", "91110000710925462X", "91110108551385082Q",
        "91220101571145270J", "12100000400000624D", "12100000470095016Q", "912206020000000005",
        "922206020000000002", "91220602999999998Q", "92220602999999998M",
    ])
    func aCreditCodeWithRightCheckDigitsPasses(code: String) {
        #expect(CheckDigitScheme.uscc.accepts(code))
    }

    @Test(arguments: [
        "91520000714304101P", "91440101190448432H", "91110000802100433C", "91110000802100433b",
        "9111000080210043B", "911100008021004330B", "91I10000802100433B", "",
    ])
    func aWrongCreditCodeIsRefused(code: String) {
        #expect(!CheckDigitScheme.uscc.accepts(code))
    }

    @Test func aCreditCodeWhoseInnerOrganisationCodeIsWrongIsRefused() {
        // 802100434 is no organisation code; the last character is right for
        // the seventeen before it.
        #expect(!CheckDigitScheme.uscc.accepts("91110000802100434E"))
    }

    @Test(arguments: ["D2143569X", "802100433", "192203821", "100003962", "400000624"])
    func anOrganisationCodeWithARightCheckDigitPasses(code: String) {
        #expect(CheckDigitScheme.orgCode.accepts(code))
    }

    @Test(arguments: ["D21435691", "802100434", "80210043-3", "80210043", "80210043B"])
    func aWrongOrganisationCodeIsRefused(code: String) {
        #expect(!CheckDigitScheme.orgCode.accepts(code))
    }

    @Test(arguments: [
        "11010519491231002X", "440524188001010014", "34052419800101001X", "220602180001010014",
        "220602180001010022", "220602189912319996",
    ])
    func anIdentityNumberWithARightCheckDigitPasses(number: String) {
        #expect(CheckDigitScheme.residentID.accepts(number))
    }

    @Test(arguments: [
        "110105194912310021", "11010519491231002x", "110105194913310024", "010105194912310020",
        "1101051949123100", "440524188001010015",
    ])
    func aWrongIdentityNumberIsRefused(number: String) {
        #expect(!CheckDigitScheme.residentID.accepts(number))
    }

    @Test(arguments: ["110108000673293", "440301103097413", "1101080006732"])
    func aRegistrationNumberOfFifteenOrThirteenDigitsPasses(number: String) {
        #expect(CheckDigitScheme.registrationNumber.accepts(number))
    }

    @Test(arguments: ["110108000673294", "44030110309741", "11010800067329A", ""])
    func aWrongRegistrationNumberIsRefused(number: String) {
        #expect(!CheckDigitScheme.registrationNumber.accepts(number))
    }
}
