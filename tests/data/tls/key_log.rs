// SPDX-License-Identifier: GPL-2.0-only
//
// A library that has nothing of TLS but the key log as rustls has it: log() and will_log() of an
// object that isn't known, and secrets that are there when will_log() is asked (as since rustls
// 0.22) or are made only then. `build` beside it says what the files are that are made of it.
#![no_std]
#![crate_type = "cdylib"]

pub trait Log {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]);
    fn will_log(&self, _label: &str) -> bool {
        true
    }
}

#[repr(u8)]
#[derive(Clone, Copy)]
pub enum Kind {
    ResumptionPskBinderKey = 1,
    ClientEarlyTrafficSecret,
    ClientHandshakeTrafficSecret,
    ServerHandshakeTrafficSecret,
    ClientApplicationTrafficSecret,
    ServerApplicationTrafficSecret,
    ExporterMasterSecret,
    DerivedSecret,
}

impl Kind {
    fn label(self) -> Option<&'static str> {
        Some(match self {
            Kind::ClientEarlyTrafficSecret => "CLIENT_EARLY_TRAFFIC_SECRET",
            Kind::ClientHandshakeTrafficSecret => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Kind::ServerHandshakeTrafficSecret => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Kind::ClientApplicationTrafficSecret => "CLIENT_TRAFFIC_SECRET_0",
            Kind::ServerApplicationTrafficSecret => "SERVER_TRAFFIC_SECRET_0",
            Kind::ExporterMasterSecret => "EXPORTER_SECRET",
            _ => return None,
        })
    }
}

pub struct Secret {
    bytes: [u8; 64],
    used: usize,
}

impl Secret {
    #[cfg_attr(accessor, inline(never))]
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

pub struct Schedule<'a> {
    expander: &'a dyn Expander,
    length: usize,
}

pub trait Expander {
    fn expand(&self, kind: Kind, hash: &[u8], to: &mut [u8]);
}

impl Schedule<'_> {
    #[inline(never)]
    fn derive(&self, kind: Kind, hash: &[u8]) -> Secret {
        let mut secret = Secret { bytes: [0; 64], used: self.length };
        self.expander.expand(kind, hash, &mut secret.bytes[..self.length]);
        secret
    }

    #[inline(never)]
    fn derive_logged(&self, kind: Kind, hash: &[u8], log: &dyn Log, random: &[u8; 32]) -> Secret {
        let label = match kind.label() {
            Some(label) => label,
            None => loop {},
        };
        if cfg!(made_when_asked) {
            if log.will_log(label) {
                log.log(label, random, self.derive(kind, hash).as_slice());
            }
            return self.derive(kind, hash);
        }
        let secret = self.derive(kind, hash);
        if log.will_log(label) {
            log.log(label, random, secret.as_slice());
        }
        secret
    }
}

// As a program has it that asks for no key log.
struct Silent;

impl Log for Silent {
    fn log(&self, _label: &str, _client_random: &[u8], _secret: &[u8]) {}
    fn will_log(&self, _label: &str) -> bool {
        false
    }
}

struct Counter;

impl Expander for Counter {
    fn expand(&self, kind: Kind, hash: &[u8], to: &mut [u8]) {
        for (at, byte) in to.iter_mut().enumerate() {
            *byte = (kind as u8).wrapping_mul(31).wrapping_add(at as u8) ^ hash[at % hash.len()];
        }
    }
}

#[inline(never)]
fn handshake_of_tls12(schedule: &Schedule, hash: &[u8], log: &dyn Log, random: &[u8; 32], to: &mut [u8; 48]) {
    let mut secret = [0; 48];
    schedule.expander.expand(Kind::DerivedSecret, hash, &mut secret);
    log.log("CLIENT_RANDOM", random, &secret);
    *to = secret;
}

type Tell = extern "C" fn(u8, *const u8, *const u8, usize);

// Makes each secret once, and tells it: its kind, the client's random, the secret, its length.
#[no_mangle]
pub extern "C" fn handshakes(tell: Tell) {
    // Not known to the compiler, as those of a program's configuration aren't.
    let log: &dyn Log = unsafe { core::ptr::read_volatile(&(&Silent as &dyn Log)) };
    let expander: &dyn Expander = unsafe { core::ptr::read_volatile(&(&Counter as &dyn Expander)) };
    let mut random = [0; 32];
    for (at, byte) in random.iter_mut().enumerate() {
        *byte = 7 * at as u8;
    }
    for length in [32, 48] {
        random[0] = length as u8;
        let schedule = Schedule { expander, length };
        for kind in [
            Kind::ClientEarlyTrafficSecret,
            Kind::ClientHandshakeTrafficSecret,
            Kind::ServerHandshakeTrafficSecret,
            Kind::ClientApplicationTrafficSecret,
            Kind::ServerApplicationTrafficSecret,
        ] {
            let secret = schedule.derive_logged(kind, b"hash", log, &random);
            tell(kind as u8, random.as_ptr(), secret.bytes.as_ptr(), secret.used);
        }
        let mut master = [0; 48];
        handshake_of_tls12(&schedule, b"other hash", log, &random, &mut master);
        tell(0, random.as_ptr(), master.as_ptr(), master.len());
    }
}

#[no_mangle]
pub extern "C" fn rust_eh_personality() {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
