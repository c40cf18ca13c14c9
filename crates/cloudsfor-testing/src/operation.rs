//! Which operation a request is: the API's table read backwards.

use cloudsfor_types::operations::{OPERATIONS, Operation};

/// The path under which the API lives.
const BASE_PATH: &str = cloudsfor_server::http::BASE_PATH;

/// The operation that this request asks for, if it is one of the table.
pub(crate) fn operation_of<B>(request: &http::Request<B>) -> Option<&'static Operation> {
    let path = request.uri().path().strip_prefix(BASE_PATH)?;
    OPERATIONS.iter().find(|operation| {
        operation.method.as_str() == request.method().as_str() && fits(operation.path, path)
    })
}

/// Whether the path has the template's parts, with any text for a parameter.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_recognised() {
        for operation in OPERATIONS {
            let path = operation.path.replace('{', "a").replace('}', "b");
            let request = http::Request::builder()
                .method(operation.method.as_str())
                .uri(format!("http://cloud.test/api/v1{path}?page=1"))
                .body(())
                .unwrap();
            assert_eq!(operation_of(&request), Some(operation));
        }
    }

    #[test]
    fn other_requests_are_none() {
        for path in ["/vms", "/api/v1", "/api/v1/vms/a/b", "/api/v1/openapi.json"] {
            let request = http::Request::get(path).body(()).unwrap();
            assert_eq!(operation_of(&request), None, "{path}");
        }
    }
}
