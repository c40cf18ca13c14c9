//! From what a user calls a thing to the thing.

use cloudsfor_core::Api;

use super::Findable;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::{Candidate, Failure};
use crate::output::Resource;

/// Finds the one that is meant. `undone` says what isn't done if there is none,
/// or several: `can't show the network`.
pub(crate) async fn find<C: Findable>(
    collection: &C,
    api: &dyn Api,
    selector: &C::Selector,
    global: &Global,
    undone: &str,
) -> Result<C::Item, Failure> {
    let what = || format!("{undone} {selector}");
    let call = global.call();
    if let Some(text) = C::id(selector) {
        let id: C::Id = text.parse().map_err(|error| {
            Failure::new(Exit::Usage, what(), format!("{error}")).next("list them to see their ids")
        })?;
        let found = collection.get(api, &id, &call).await;
        return found.map_err(|error| Failure::of(&error, what()));
    }
    let name = selector.to_string();
    let found = collection.named(api, &name, &call).await;
    let mut found: Vec<_> = found.map_err(|error| Failure::of(&error, what()))?;
    match found.len() {
        1 => Ok(found.swap_remove(0)),
        0 => {
            let why = format!("no {} has the name {name:?}", C::Item::NOUN);
            Err(Failure::new(Exit::NotFound, what(), why).next("list them to see what there is"))
        }
        several => {
            let why = format!("{several} {}s have the name {name:?}:", C::Item::NOUN);
            let mut failure = Failure::new(Exit::Conflict, what(), why)
                .next("say which one by its id, as in `id:ID`");
            failure.facts.candidates = found.into_iter().map(Candidate::of::<C>).collect();
            Err(failure)
        }
    }
}
