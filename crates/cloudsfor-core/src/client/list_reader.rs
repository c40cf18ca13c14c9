//! Taking a list apart while it arrives: each item as soon as it is whole, so that
//! a list of any length takes the memory of one item.

/// What of an answer has arrived so far: the bytes of one array of it are handed on
/// item by item, all others are kept.
pub(super) struct ListReader {
    /// The attribute of the answer that is the list.
    name: &'static str,
    /// All but the items.
    rest: Vec<u8>,
    /// The item that has not arrived whole.
    item: Vec<u8>,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
    /// Where the last text of the answer's own level begins in `rest`.
    text: usize,
    /// Whether that text is the list's name.
    is_named: bool,
    in_list: bool,
}

/// How deep one is in the answer's object, in its list, and in an item of that.
const ANSWER: usize = 1;
const LIST: usize = 2;
const ITEM: usize = 3;

impl ListReader {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            rest: Vec::new(),
            item: Vec::new(),
            depth: 0,
            in_string: false,
            is_escaped: false,
            text: 0,
            is_named: false,
            in_list: false,
        }
    }

    /// Takes the next bytes, and hands each item on that is whole with them.
    pub(super) fn read<E>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        // Where what is not yet kept begins.
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                self.within_string(*byte);
                continue;
            }
            match byte {
                b'"' => {
                    self.in_string = true;
                    if self.depth == ANSWER {
                        self.text = self.rest.len() + (at - from);
                    }
                }
                b'{' | b'[' => {
                    if self.depth == ANSWER {
                        self.keep(&bytes[from..at]);
                        from = at;
                        self.in_list = *byte == b'[' && self.is_the_list();
                    } else if self.depth == LIST && self.in_list {
                        self.keep_between(&bytes[from..at]);
                        from = at;
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == LIST && self.in_list {
                        self.item.extend_from_slice(&bytes[from..=at]);
                        from = at + 1;
                        let item = std::mem::take(&mut self.item);
                        take(&item)?;
                        // Its memory serves for the next.
                        self.item = item;
                        self.item.clear();
                    } else if self.depth == ANSWER {
                        if self.in_list {
                            self.keep_between(&bytes[from..at]);
                            from = at;
                        }
                        self.in_list = false;
                    }
                }
                _ => {}
            }
        }
        let left = &bytes[from..];
        if self.depth >= ITEM && self.in_list {
            self.item.extend_from_slice(left);
        } else if self.in_list && self.depth == LIST {
            self.keep_between(left);
        } else {
            self.keep(left);
        }
        Ok(())
    }

    /// The answer without its items, when all has arrived; what is missing of an
    /// item that was cut is missing here too.
    pub(super) fn rest(mut self) -> Vec<u8> {
        self.rest.append(&mut self.item);
        self.rest
    }

    fn within_string(&mut self, byte: u8) {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
    }

    /// Whether what comes is the value of the list's name.
    fn is_the_list(&mut self) -> bool {
        let before = self.rest.get(self.text..).unwrap_or_default();
        let named = format!("\"{}\"", self.name);
        let after = before.strip_prefix(named.as_bytes());
        self.is_named = after.is_some_and(|after| after.trim_ascii() == b":");
        self.is_named
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
    }

    /// Between items there are commas, which go with the items. Anything else is
    /// kept, so that it is found to be wrong.
    fn keep_between(&mut self, bytes: &[u8]) {
        let wrong = bytes.iter().filter(|byte| **byte != b',');
        self.rest.extend(wrong);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items and the rest of an answer that arrives in pieces of this size.
    fn read(answer: &str, size: usize) -> (Vec<String>, String) {
        let mut reader = ListReader::new("vms");
        let mut items = Vec::new();
        for piece in answer.as_bytes().chunks(size) {
            let taken: Result<(), ()> = reader.read(piece, |item| {
                items.push(String::from_utf8(item.to_vec()).unwrap());
                Ok(())
            });
            taken.unwrap();
        }
        (items, String::from_utf8(reader.rest()).unwrap())
    }

    #[test]
    fn items_are_handed_on_whatever_the_pieces() {
        let answer = r#"{"meta": {"vms": [1], "total": 2},
            "vms" : [ {"a": [{"b": "]}\"\\"}]} , {"vms": [{}]}], "links": {"x": ["vms"]}}"#;
        for size in 1..answer.len() {
            let (items, rest) = read(answer, size);
            assert_eq!(
                items,
                [r#"{"a": [{"b": "]}\"\\"}]}"#, r#"{"vms": [{}]}"#],
                "{size}"
            );
            let rest: serde_json::Value = serde_json::from_str(&rest).unwrap();
            let expected = serde_json::json!({
                "meta": {"vms": [1], "total": 2}, "vms": [], "links": {"x": ["vms"]}
            });
            assert_eq!(rest, expected, "{size}");
        }
    }

    #[test]
    fn what_is_no_list_of_objects_is_kept() {
        for answer in [
            r#"{"vms":{"id":"7"}}"#,
            r#"{"vms":[]}"#,
            r#"{"other":[{"vms":[{}]}]}"#,
            "<html>",
            "",
        ] {
            assert_eq!(read(answer, 3), (vec![], answer.to_owned()), "{answer}");
        }
        // What is wrong stays wrong.
        for answer in [
            r#"{"vms":[{"#,
            r#"{"vms":[{},"#,
            r#"{"vms":[{} x]}"#,
            "{\"vms\":[{\"a",
        ] {
            let (_, rest) = read(answer, 2);
            assert!(
                serde_json::from_str::<serde_json::Value>(&rest).is_err(),
                "{rest}"
            );
        }
    }
}
