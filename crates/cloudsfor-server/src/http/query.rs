//! Reading query parameters strictly: a misspelt filter must not list
//! everything.

use cloudsfor_types::FieldFault;
use percent_encoding::percent_decode_str;

use super::error::ApiError;

/// Takes parameters one by one and remembers every fault.
#[derive(Debug)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    faults: Vec<FieldFault>,
}

impl Query {
    pub(super) fn new(query: Option<&str>) -> Self {
        let pieces = query
            .unwrap_or_default()
            .split('&')
            .filter(|piece| !piece.is_empty());
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = pieces.map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decode(name), decode(value))
        });
        Self {
            pairs: pairs.collect(),
            faults: Vec::new(),
        }
    }

    /// Takes every value of a parameter that may be repeated.
    pub(super) fn all<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let (named, others) = std::mem::take(&mut self.pairs)
            .into_iter()
            .partition(|(n, _)| n == name);
        self.pairs = others;
        let named: Vec<(String, String)> = named;
        named
            .iter()
            .filter_map(|(_, value)| self.note(name, read(value)))
            .collect()
    }

    /// Takes a parameter that may be given once.
    pub(super) fn one<T>(
        &mut self,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let mut values = self.all(name, read);
        if values.len() > 1 {
            self.fault(name, "is given more than once");
        }
        values.pop()
    }

    /// Notes a fault of a parameter.
    pub(super) fn fault(&mut self, name: &str, message: &str) {
        self.faults.push(FieldFault::new(name, message));
    }

    fn note<T>(&mut self, name: &str, result: Result<T, String>) -> Option<T> {
        result
            .map_err(|message| self.faults.push(FieldFault::new(name, message)))
            .ok()
    }

    /// Fails with every fault so far and one for each parameter not asked for.
    pub(super) fn finish(mut self) -> Result<(), ApiError> {
        let unknown = self
            .pairs
            .iter()
            .map(|(name, _)| FieldFault::new(name, "is not a parameter of this request"));
        self.faults.extend(unknown);
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid(self.faults))
        }
    }
}

/// Reads a whole number of `min` to `max`.
pub(super) fn whole(min: u64, max: u64) -> impl Fn(&str) -> Result<u64, String> {
    move |text| match text.parse() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(format!(
            "must be a whole number of {min} to {max}, not {text:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_every_fault_is_named() {
        let mut query = Query::new(Some("label=a%3Db&label=c&page=0&nmae=x&name=a+b&page=2"));
        let text = |text: &str| Ok::<_, String>(text.to_owned());
        assert_eq!(query.all("label", text), ["a=b", "c"]);
        assert_eq!(query.one("name", text).as_deref(), Some("a b"));
        assert_eq!(query.one("page", whole(1, 9)), Some(2));
        let ApiError(body) = query.finish().unwrap_err();
        let names: Vec<_> = body
            .fields
            .iter()
            .map(|fault| fault.name.as_str())
            .collect();
        assert_eq!(names, ["page", "nmae"]);
    }
}
