//! Requests to Valgrind, which do nothing on a real processor.
#![allow(unsafe_code, reason = "a request to Valgrind is a sequence of instructions")]

/// Valgrind's numbers of requests (`valgrind.h` and `memcheck.h`).
const RUNNING_ON_VALGRIND: usize = 0x1001;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

/// Marks these bytes as secret: Memcheck reports what depends on them.
pub fn secret(bytes: &mut [u8]) {
    request(MAKE_MEM_UNDEFINED, bytes);
}

/// Marks these bytes as known to everybody.
pub fn public(bytes: &mut [u8]) {
    request(MAKE_MEM_DEFINED, bytes);
}

/// Whether this runs under Valgrind.
#[must_use]
pub fn is_there() -> bool {
    request(RUNNING_ON_VALGRIND, &mut []) != 0
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
fn request(number: usize, bytes: &mut [u8]) -> usize {
    let arguments = [number, bytes.as_mut_ptr().expose_provenance(), bytes.len(), 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: the four rotations bring rdi back to what it was, and the exchange does nothing. Valgrind reads the arguments,
    // changes nothing but what it knows about `bytes`, and puts its answer into rdx.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") answer,
        );
    }
    answer
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
fn request(_: usize, _: &mut [u8]) -> usize {
    0
}
