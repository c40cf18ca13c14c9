//! What the fuzz targets call: every decoder of what comes from the other side, with
//! what must hold whatever it is. Not a part of the API.

use std::collections::VecDeque;

use cloudsfor_types::operations::{CREATE_VM, GET_VM};
use cloudsfor_types::{Event, VmList};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Response};
use jiff::Timestamp;

use crate::endpoint::Endpoint;
use crate::events::Decoder;
use crate::response::{decode, refusal};
use crate::retry_after;

/// A list of VMs: what was read is written and read again as the same.
pub fn vm_list(data: &[u8]) {
    let (head, ()) = Response::new(()).into_parts();
    match decode::<VmList>(&GET_VM, &head, data) {
        Ok(list) => {
            let again = serde_json::to_vec(&list).expect("a list is JSON");
            let again: VmList = serde_json::from_slice(&again).expect("it was read before");
            assert_eq!(again, list);
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
    }
}

/// An error's body, after two bytes that are its status: one line comes of it.
pub fn error_body(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk() else {
        return;
    };
    let Ok(head) = Response::builder()
        .status(u16::from_le_bytes(*status))
        .body(())
    else {
        return;
    };
    let (head, ()) = head.into_parts();
    let error = refusal(&CREATE_VM, &head, body);
    let text = error.to_string();
    assert!(!text.contains(char::is_control), "{text}");
    assert_eq!(error.status(), Some(head.status.as_u16()));
}

/// A link to the next page: it leads to this server or nowhere.
pub fn links(data: &[u8]) {
    let Ok(link) = std::str::from_utf8(data) else {
        return;
    };
    let endpoint = Endpoint::default();
    let page = endpoint.url("/vms", &[], &[]).expect("it is a URL");
    if let Ok(token) = endpoint.next_page(link, &page)
        && let Some(url) = endpoint.page_url(&token)
    {
        assert_eq!(url.scheme_str(), Some("https"), "{link:?}");
        assert_eq!(
            url.authority().map(|a| a.as_str()),
            Some("cloudsfor.com"),
            "{link:?}"
        );
    }
}

/// Events, after a byte that is the length of the pieces that they come in: how
/// they are cut makes no difference, and none is larger than the limit.
pub fn events(data: &[u8]) {
    const LIMIT: usize = 1000;
    let Some((&length, text)) = data.split_first() else {
        return;
    };
    let (mut whole, mut blocks) = (Decoder::new(LIMIT), VecDeque::new());
    let taken = whole.push(text, &mut blocks);
    let (mut pieces, mut blocks_of_pieces) = (Decoder::new(LIMIT), VecDeque::new());
    let taken_in_pieces = text
        .chunks(usize::from(length).max(1))
        .try_for_each(|piece| pieces.push(piece, &mut blocks_of_pieces));
    assert_eq!(taken, taken_in_pieces);
    assert_eq!(blocks, blocks_of_pieces);
    for block in blocks {
        let data = block.data.unwrap_or_default();
        assert!(data.len() <= LIMIT);
        let _ = Event::decode(&block.name, &data);
    }
}

/// A `Retry-After`.
pub fn retry_after(data: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(data) {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
        let _ = retry_after::retry_after(&headers, Timestamp::UNIX_EPOCH);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = fn(&[u8]);

    /// Replays what the fuzzer's corpus of a target holds.
    fn replay(name: &str, target: Target) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
        let mut inputs = 0;
        for input in fs::read_dir(corpus.join(name)).unwrap() {
            target(&fs::read(input.unwrap().path()).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{name} has no corpus");
    }

    #[test]
    fn what_the_fuzzer_knows_is_withstood() {
        let targets: [(&str, Target); 5] = [
            ("error_body", super::error_body),
            ("events", super::events),
            ("links", super::links),
            ("retry_after", super::retry_after),
            ("vm_list", super::vm_list),
        ];
        for (name, target) in targets {
            replay(name, target);
        }
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
        let mut names: Vec<_> = fs::read_dir(sources)
            .unwrap()
            .map(|source| source.unwrap().path())
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        names.sort();
        assert_eq!(names, targets.map(|(name, _)| name));
    }
}
