//! What the types forbid: each program under `typestates/` must not compile, for the reason written beside it.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/typestates/*.rs");
}
