//! Misuse that the types prevent: no program under `typestates/` may compile, for the reason in the file beside it.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/typestates/*.rs");
}
