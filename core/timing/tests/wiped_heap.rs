//! Texts of addresses that have a seed leave no copy of it in the memory that they give back, however they grew.
#![allow(clippy::unwrap_used, unsafe_code, reason = "a test of memory reads memory")]

use multiserver_core::address::{Address, LayerBuf, MultiAddress, Net, Shs, legacy};
use multiserver_core::keys::Seed;
use std::alloc::{GlobalAlloc, Layout, System};
use std::slice;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

macro_rules! key {
    () => {
        "DTNmX+4SjsgZ7xyDh5xxmNtFqa6pWi5Qtw7cE8aR9TQ="
    };
}

/// The seed's bytes are all `n`. The texts of the tests are constants, so that the tests give no memory back with the seed.
macro_rules! seed {
    () => {
        "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4="
    };
}

/// Shorter than the seed, so that a part of it is found too.
const PART: &[u8] = b"bm5ubm5ubm5ubm5u";

/// The system's allocator, which counts the blocks that are given back with a part of the seed in them.
///
/// It has no `realloc` of its own: the provided one gives the old block back whenever a text grows.
struct Watched;

static LEFT: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watched = Watched;

// SAFETY: the system's allocator does what is asked; a block is read before it is given back, as bytes that are opaque to
// the compiler.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeros, so that what is read was written.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let block = unsafe { slice::from_raw_parts(std::hint::black_box(memory), layout.size()) };
        if block.windows(PART.len()).any(|window| window == PART) {
            LEFT.fetch_add(1, Ordering::Relaxed);
        }
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How many blocks with a part of the seed were given back meanwhile; for one test at a time.
fn left_by(run: impl FnOnce()) -> usize {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock();
    let before = LEFT.load(Ordering::Relaxed);
    run();
    LEFT.load(Ordering::Relaxed) - before
}

fn shs() -> Shs {
    Shs { key: key!().parse().unwrap(), seed: Some(seed!().parse().unwrap()) }
}

fn net() -> Net {
    "net:example.com:8008".parse::<LayerBuf>().unwrap().as_layer().try_into().unwrap()
}

#[test]
fn texts_with_a_seed_are_wiped_when_they_grow_and_when_they_are_dropped() {
    let long = "a".repeat(500);
    let cases: [(&str, &dyn Fn()); 9] = [
        ("the seed itself", &|| drop(seed!().parse::<Seed>().unwrap())),
        ("a layer", &|| drop(LayerBuf::from(shs()))),
        ("a layer of fields that grows", &|| drop(LayerBuf::new("own", [seed!(), "short", &long]).unwrap())),
        ("an address that was read", &|| read(concat!("net:a:1~shs:", key!(), ":", seed!()))),
        ("another spelling of it", &|| read(concat!("net:[::1]:1~shs:@", key!(), ".ed25519:", seed!(), ";net:a:1"))),
        ("an address that is none behind it", &|| {
            concat!("net:a:1~shs:", key!(), ":", seed!(), ";net").parse::<MultiAddress>().unwrap_err();
        }),
        ("an address that grows", &|| {
            drop(Address::new(net()).then(shs()).then(LayerBuf::new("own", [&long]).unwrap()));
        }),
        ("an invite", &|| drop(legacy::from_invite(concat!("a:1:@", key!(), ".ed25519~", seed!())).unwrap())),
        ("an ssb URI", &|| {
            let uri = concat!(
                "ssb:address/multiserver?multiserverAddress=net%3Aa%3A1~shs%3A",
                key!(),
                "%3A",
                seed!(),
                "%3Bnet%3Ab%3A1"
            );
            drop(legacy::from_ssb_uri(uri).unwrap());
        }),
    ];
    for (name, case) in cases {
        assert_eq!(left_by(case), 0, "{name}");
    }
}

fn read(text: &str) {
    text.parse::<MultiAddress>().unwrap();
}

/// So the test can fail: a plain text leaves the seed when it grows, and when it is dropped.
#[test]
fn plain_texts_are_found() {
    let plain = || {
        let mut text = String::from(seed!());
        text.push_str(&"a".repeat(500));
    };
    assert_eq!(left_by(plain), 2);
}
