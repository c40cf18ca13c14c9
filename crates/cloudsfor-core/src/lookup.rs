//! From what a person calls a VM to the VM.
//!
//! ```
//! use cloudsfor_core::types::VmSelector;
//! use cloudsfor_core::{Api, CallOptions, ErrorKind, Result, find_vm};
//!
//! async fn show(api: &dyn Api, text: &str) -> Result<()> {
//!     let Ok(selector) = text.parse::<VmSelector>() else {
//!         println!("{text:?} is neither an id nor a name");
//!         return Ok(());
//!     };
//!     match find_vm(api, &selector, &CallOptions::default()).await {
//!         Ok(vm) => println!("{} is {}", vm.id, vm.status),
//!         Err(error) => match error.kind() {
//!             ErrorKind::NotFound => println!("there is none"),
//!             ErrorKind::SeveralMatch { candidates } => println!("there are {}", candidates.len()),
//!             _ => return Err(error),
//!         },
//!     }
//!     Ok(())
//! }
//! ```

use cloudsfor_types::{Vm, VmFilter, VmSelector, names};

use crate::api::Vms;
use crate::call::CallOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::list::list_all_vms;

/// Finds the one VM that is meant. The case of a name's letters is ignored.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is none, [`ErrorKind::SeveralMatch`] if
/// several have the name, and those of the calls.
pub async fn find_vm(api: &dyn Vms, selector: &VmSelector, call: &CallOptions) -> Result<Vm> {
    match selector {
        VmSelector::Id(id) => api.get_vm(id, call).await,
        VmSelector::Name(name) => find_by_name(api, name, call).await,
    }
}

async fn find_by_name(api: &dyn Vms, name: &str, call: &CallOptions) -> Result<Vm> {
    let filter = VmFilter::default().with_name(name);
    let mut vms = list_all_vms(api, &filter, call).await?;
    // A server that doesn't know the filter lists all.
    let wanted = names::normal(name);
    vms.retain(|vm| names::normal(&vm.name) == wanted);
    if vms.len() > 1 {
        let message = format!(
            "{} VMs have the name {name:?}: say which one by its id",
            vms.len()
        );
        let kind = ErrorKind::SeveralMatch { candidates: vms };
        return Err(Error::new(kind, "find_vm", message));
    }
    vms.pop().ok_or_else(|| {
        let message = format!("no VM has the name {name:?}: list the VMs to see their names");
        Error::new(ErrorKind::NotFound, "find_vm", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::MockApi;
    use crate::page::Page;
    use crate::sample::vm;

    fn api_that_lists(vms: Vec<Vm>) -> MockApi {
        let mut api = MockApi::new();
        api.expect_list_vms()
            .withf(|filter, _, _| filter.name.as_deref() == Some("web.example.com"))
            .return_once(|_, _, _| Ok(Page::whole(vms)));
        api
    }

    async fn find(vms: Vec<Vm>) -> Result<Vm> {
        let selector = "web.example.com".parse().unwrap();
        find_vm(&api_that_lists(vms), &selector, &CallOptions::default()).await
    }

    #[tokio::test]
    async fn an_id_is_asked_for_directly() {
        let mut api = MockApi::new();
        api.expect_get_vm()
            .withf(|id, _| id.as_str() == "7")
            .return_once(|_, _| Ok(vm("7", "x")));
        let selector = "id:7".parse().unwrap();
        let found = find_vm(&api, &selector, &CallOptions::default()).await;
        assert_eq!(found.unwrap(), vm("7", "x"));
    }

    #[tokio::test]
    async fn a_server_that_ignores_the_filter_changes_nothing() {
        let wanted = vm("2", "Web.Example.COM");
        let all = vec![
            vm("1", "example.com"),
            wanted.clone(),
            vm("3", "b.web.example.com"),
        ];
        assert_eq!(find(all).await.unwrap(), wanted);
    }

    #[tokio::test]
    async fn none_and_several_are_errors() {
        let error = find(vec![vm("1", "example.com")]).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::NotFound);
        assert!(error.message().contains("web.example.com"));

        let twins = vec![vm("1", "web.example.com"), vm("2", "WEB.example.com")];
        let error = find(twins.clone()).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::SeveralMatch { candidates: twins });
    }

    #[tokio::test]
    async fn a_name_is_looked_for_on_all_pages() {
        let mut api = MockApi::new();
        api.expect_list_vms().returning(|_, page, _| {
            Ok(match page {
                crate::PageRequest::Whole => {
                    Page::new(vec![vm("1", "a")], None, Some("/2".parse().unwrap()))
                }
                _ => Page::new(vec![vm("2", "web")], None, None),
            })
        });
        let selector = "web".parse().unwrap();
        let found = find_vm(&api, &selector, &CallOptions::default()).await;
        assert_eq!(found.unwrap().id.as_str(), "2");
    }
}
