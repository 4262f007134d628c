//! `channel` and `tunnel`: byte streams that the application brings.

use super::super::error::{Expected, ParseError};
use super::super::grammar;
use super::super::layer::{Layer, LayerBuf};
use super::shs::public_key;
use super::{Known, escape, field_reader};
use crate::keys::PublicKey;
use alloc::format;
use alloc::string::String;
use zeroize::Zeroizing;

/// `channel`: a message channel inside one device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel;

/// `tunnel:@{portal}.ed25519:@{target}.ed25519[:{instance}]`: a stream to the target through the portal. No transport
/// of this workspace dials it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnel {
    portal: PublicKey,
    target: PublicKey,
    instance: Option<String>,
}

impl Tunnel {
    /// The tunnel through this portal to this target.
    #[must_use]
    pub fn new(portal: PublicKey, target: PublicKey) -> Self {
        Self { portal, target, instance: None }
    }

    /// The same tunnel, to one instance of the target.
    ///
    /// # Errors
    /// The instance's name is empty or has a character that is not printable ASCII.
    pub fn with_instance(self, instance: &str) -> Result<Self, ParseError> {
        if instance.is_empty() {
            return Err(ParseError::new(0, Expected::Instance));
        }
        grammar::printable(instance)?;
        Ok(Self { instance: Some(String::from(instance)), ..self })
    }

    /// The peer that relays the bytes.
    #[must_use]
    pub fn portal(&self) -> &PublicKey {
        &self.portal
    }

    /// The peer at the tunnel's end.
    #[must_use]
    pub fn target(&self) -> &PublicKey {
        &self.target
    }

    /// Which instance of the target, when it has several.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }
}

impl Known for Channel {
    const NAME: &'static str = "channel";

    fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
        field_reader(layer).finish().map(|()| Self)
    }
}

impl From<Channel> for LayerBuf {
    fn from(_: Channel) -> Self {
        Self::of_known(Channel::NAME, Zeroizing::new(String::from(Channel::NAME)))
    }
}

impl Known for Tunnel {
    const NAME: &'static str = "tunnel";

    fn read(layer: Layer<'_>) -> Result<Self, ParseError> {
        let mut fields = field_reader(layer);
        let (portal, start) = fields.next_or_empty();
        let portal = public_key(portal, start)?;
        let (target, start) = fields.next_or_empty();
        let tunnel = Self::new(portal, public_key(target, start)?);
        let tunnel = match fields.next() {
            None => tunnel,
            Some((raw, start)) => {
                let instance = escape::unescape(raw);
                tunnel.with_instance(&instance).map_err(|error| error.unescaped(raw).after(start))?
            }
        };
        fields.finish().map(|()| tunnel)
    }
}

impl From<Tunnel> for LayerBuf {
    fn from(layer: Tunnel) -> Self {
        let mut text = Zeroizing::new(format!("tunnel:@{}.ed25519:@{}.ed25519", layer.portal, layer.target));
        if let Some(instance) = layer.instance {
            escape::push(&mut text, ":");
            escape::push_field(&mut text, &instance);
        }
        Self::of_known(Tunnel::NAME, text)
    }
}
