//! Server-sent events, from bytes that come in pieces: the format of the HTML
//! standard ("Interpreting an event stream"), in bounded memory.

use std::collections::VecDeque;

/// What stands between two empty lines: an event, a cursor, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// The event's name; empty if it has none.
    pub(crate) name: String,
    /// Its data; `None` if there is no event.
    pub(crate) data: Option<Vec<u8>>,
    /// Where one is after it.
    pub(crate) id: Option<String>,
}

/// An event is larger than what is taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Puts blocks together.
#[derive(Debug)]
pub(crate) struct Decoder {
    limit: usize,
    line: Vec<u8>,
    /// The last byte was a CR: an LF right after it is of the same line's end.
    after_cr: bool,
    first_line: bool,
    block: Block,
}

impl Decoder {
    /// One that takes so many bytes of a line, and of an event, at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_cr: false,
            first_line: true,
            block: Block::default(),
        }
    }

    /// Takes a piece, and adds the blocks that end in it to `blocks`.
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        blocks: &mut VecDeque<Block>,
    ) -> Result<(), TooLarge> {
        for &byte in piece {
            let of_the_same_end = byte == b'\n' && self.after_cr;
            self.after_cr = byte == b'\r';
            match byte {
                b'\n' if of_the_same_end => {}
                b'\n' | b'\r' => self.end_line(blocks)?,
                _ if self.line.len() == self.limit => return Err(TooLarge),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, blocks: &mut VecDeque<Block>) -> Result<(), TooLarge> {
        let line = std::mem::take(&mut self.line);
        let mut text = &line[..];
        if std::mem::take(&mut self.first_line) {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        }
        if text.is_empty() {
            let block = std::mem::take(&mut self.block);
            if block.data.is_some() || block.id.is_some() {
                blocks.push_back(block);
            }
            return Ok(());
        }
        let colon = text.iter().position(|&byte| byte == b':');
        let (field, value) = match colon {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => self.block.name = String::from_utf8_lossy(value).into_owned(),
            b"data" => self.add_data(value)?,
            b"id" if !value.contains(&0) => {
                self.block.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            // Comments begin with the colon, and other fields mean nothing.
            _ => {}
        }
        Ok(())
    }

    fn add_data(&mut self, value: &[u8]) -> Result<(), TooLarge> {
        match &mut self.block.data {
            None => self.block.data = Some(value.to_vec()),
            Some(data) if data.len() + 1 + value.len() > self.limit => return Err(TooLarge),
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Block> {
        let (mut decoder, mut blocks) = (Decoder::new(1000), VecDeque::new());
        for piece in pieces {
            decoder.push(piece, &mut blocks).unwrap();
        }
        blocks.into()
    }

    fn block(name: &str, data: Option<&str>, id: Option<&str>) -> Block {
        Block {
            name: name.into(),
            data: data.map(Into::into),
            id: id.map(Into::into),
        }
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        for (text, blocks) in [
            ("id: 7\n\n", vec![block("", None, Some("7"))]),
            (": still here\n\n\n", vec![]),
            ("event: vm\n\n", vec![]),
            (
                "\u{feff}event:vm\rid:  8\r\ndata: a\ndata\ndata:b\n\n",
                vec![block("vm", Some("a\n\nb"), Some(" 8"))],
            ),
            (
                "data: a\n\nretry: 1\nxyz\ndata:: b\n\n",
                vec![block("", Some("a"), None), block("", Some(": b"), None)],
            ),
            ("id: a\0b\ndata: x\n\n", vec![block("", Some("x"), None)]),
            ("data: not yet\n", vec![]),
        ] {
            assert_eq!(decoded([text.as_bytes()]), blocks, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let endless_line = [b'x'; 1001];
        let endless_event = b"data: 0123456789\n".repeat(200);
        for piece in [&endless_line[..], &endless_event] {
            let mut decoder = Decoder::new(1000);
            assert_eq!(decoder.push(piece, &mut VecDeque::new()), Err(TooLarge));
        }
        decoded([&[b'x'; 1000][..], b"\n\n"]);
    }

    proptest! {
        #[test]
        fn how_it_is_cut_makes_no_difference(
            text in r"([:dx \r\n]|data|id|event){0,40}",
            cut in 0..120_usize,
        ) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            prop_assert_eq!(decoded([bytes]), decoded([&bytes[..cut], &bytes[cut..]]));
        }
    }
}
