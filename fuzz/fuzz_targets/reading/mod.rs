//! The grammar of addresses, read a second time: every character is classified, and the text is then split at the
//! separators, from the outermost to the innermost.

#![allow(dead_code, reason = "each target uses a part")]

mod base64;
mod known;
pub mod legacy;

/// A layer that was read, its fields in canonical form and without escapes.
#[derive(Debug)]
pub struct Read {
    pub name: String,
    pub fields: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Token {
    Character(char),
    /// `;`, `~` or `:` without a `!` before it.
    Separator(char),
}

/// The layers of each address of a text, or `None` where the text is no multi-address.
pub fn multi_address(text: &str) -> Option<Vec<Vec<Read>>> {
    let tokens = tokens(text)?;
    let addresses = tokens.split(|token| *token == Token::Separator(';'));
    addresses.map(|address| address.split(|token| *token == Token::Separator('~')).map(layer).collect()).collect()
}

/// The canonical text of addresses.
pub fn text(addresses: &[Vec<Read>]) -> String {
    join(addresses, Read::text)
}

/// The same without what may be secret.
pub fn shown(addresses: &[Vec<Read>]) -> String {
    join(addresses, Read::shown)
}

fn join(addresses: &[Vec<Read>], text: fn(&Read) -> String) -> String {
    let addresses = addresses.iter().map(|layers| layers.iter().map(text).collect::<Vec<_>>().join("~"));
    addresses.collect::<Vec<_>>().join(";")
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '!' => Token::Character(characters.next().filter(|escaped| matches!(escaped, '!' | '~' | ':' | ';'))?),
            ';' | '~' | ':' => Token::Separator(character),
            '"'..='}' => Token::Character(character),
            _ => return None,
        });
    }
    Some(tokens)
}

fn layer(tokens: &[Token]) -> Option<Read> {
    let mut parts = tokens.split(|token| *token == Token::Separator(':')).map(|part| {
        let characters = part.iter().map(|token| match token {
            Token::Character(character) | Token::Separator(character) => *character,
        });
        characters.collect::<String>()
    });
    let name = parts.next().filter(|name| is_name(name))?;
    let fields = known::canonical(&name, parts.collect())?;
    Some(Read { name, fields })
}

fn is_name(name: &str) -> bool {
    let is_of_names = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
    name.len() >= 2 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(is_of_names)
}

impl Read {
    /// The layer's canonical text.
    pub fn text(&self) -> String {
        write(&self.name, self.fields.iter().map(|field| escape(field)))
    }

    /// The same without what may be secret.
    pub fn shown(&self) -> String {
        let hidden_from = |first: usize, instead: &str| {
            let shown = self.fields.iter().take(first).map(|field| escape(field));
            let instead = (self.fields.len() > first).then(|| instead.to_owned());
            write(&self.name, shown.chain(instead))
        };
        match &*self.name {
            "shs" => hidden_from(1, "<seed>"),
            "ws" | "wss" => match self.text().split_once('?') {
                Some((shown, _)) => format!("{shown}?<hidden>"),
                None => self.text(),
            },
            name if known::NAMES.contains(&name) => self.text(),
            _ => hidden_from(1, "<hidden>"),
        }
    }
}

fn write(name: &str, fields: impl Iterator<Item = String>) -> String {
    [name.to_owned()].into_iter().chain(fields).collect::<Vec<_>>().join(":")
}

fn escape(field: &str) -> String {
    let mut escaped = String::new();
    for character in field.chars() {
        if matches!(character, '!' | '~' | ':' | ';') {
            escaped.push('!');
        }
        escaped.push(character);
    }
    escaped
}
