//! Domains and their records.

use async_trait::async_trait;
use cloudsfor_types::{CreateDomain, Domain, DomainRecord, RecordSpec, operations};

use crate::call::CallOptions;
use crate::error::{Error, Result};
use crate::page::{Page, PageRequest};

/// Domains that CloudsFor's DNS manages, and their records.
#[async_trait]
pub trait Domains: Send + Sync {
    /// Lists domains, oldest first: all of them, or one page.
    async fn list_domains(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Domain>> {
        let _ = (page, call);
        Err(Error::unsupported(operations::LIST_DOMAINS.name))
    }

    /// Has a domain managed.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if any account has it,
    /// or one above or below it.
    async fn create_domain(&self, request: &CreateDomain, call: &CallOptions) -> Result<Domain> {
        let _ = (request, call);
        Err(Error::unsupported(operations::CREATE_DOMAIN.name))
    }

    /// Gets a domain by its name.
    async fn get_domain(&self, name: &str, call: &CallOptions) -> Result<Domain> {
        let _ = (name, call);
        Err(Error::unsupported(operations::GET_DOMAIN.name))
    }

    /// Deletes a domain with its records.
    async fn delete_domain(&self, name: &str, call: &CallOptions) -> Result<()> {
        let _ = (name, call);
        Err(Error::unsupported(operations::DELETE_DOMAIN.name))
    }

    /// Lists the records of a domain, oldest first: all of them, or one page.
    async fn list_records(
        &self,
        domain: &str,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<DomainRecord>> {
        let _ = (domain, page, call);
        Err(Error::unsupported(operations::LIST_RECORDS.name))
    }

    /// Adds a record to a domain.
    async fn create_record(
        &self,
        domain: &str,
        request: &RecordSpec,
        call: &CallOptions,
    ) -> Result<DomainRecord> {
        let _ = (domain, request, call);
        Err(Error::unsupported(operations::CREATE_RECORD.name))
    }

    /// Gets a record of a domain.
    async fn get_record(&self, domain: &str, id: u64, call: &CallOptions) -> Result<DomainRecord> {
        let _ = (domain, id, call);
        Err(Error::unsupported(operations::GET_RECORD.name))
    }

    /// Puts another record in the place of one.
    async fn update_record(
        &self,
        domain: &str,
        id: u64,
        request: &RecordSpec,
        call: &CallOptions,
    ) -> Result<DomainRecord> {
        let _ = (domain, id, request, call);
        Err(Error::unsupported(operations::UPDATE_RECORD.name))
    }

    /// Deletes a record of a domain.
    async fn delete_record(&self, domain: &str, id: u64, call: &CallOptions) -> Result<()> {
        let _ = (domain, id, call);
        Err(Error::unsupported(operations::DELETE_RECORD.name))
    }
}
