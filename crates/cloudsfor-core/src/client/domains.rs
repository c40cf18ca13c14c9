//! Domains and their records over HTTP.

use async_trait::async_trait;
use cloudsfor_types::operations::{
    CREATE_DOMAIN, CREATE_RECORD, DELETE_DOMAIN, DELETE_RECORD, GET_DOMAIN, GET_RECORD,
    LIST_DOMAINS, LIST_RECORDS, UPDATE_RECORD,
};
use cloudsfor_types::{
    CreateDomain, Domain, DomainAnswer, DomainList, DomainRecord, DomainRecordAnswer,
    DomainRecordList, RecordSpec,
};

use super::Client;
use super::call::Target;
use crate::api::Domains;
use crate::call::CallOptions;
use crate::error::Result;
use crate::page::{Page, PageRequest};

#[async_trait]
impl Domains for Client {
    async fn list_domains(&self, page: &PageRequest, call: &CallOptions) -> Result<Page<Domain>> {
        self.list(
            &LIST_DOMAINS,
            Target::default(),
            page,
            call,
            |list: DomainList| (list.domains, list.links, list.meta),
        )
        .await
    }

    async fn create_domain(&self, request: &CreateDomain, call: &CallOptions) -> Result<Domain> {
        let answer = self
            .put_or_post(
                &CREATE_DOMAIN,
                Target::default(),
                request,
                CreateDomain::decode,
                call,
            )
            .await;
        answer.map(|answer: DomainAnswer| answer.domain)
    }

    async fn get_domain(&self, name: &str, call: &CallOptions) -> Result<Domain> {
        let answer = self.get(&GET_DOMAIN, Target::at(&[name]), call).await;
        answer.map(|answer: DomainAnswer| answer.domain)
    }

    async fn delete_domain(&self, name: &str, call: &CallOptions) -> Result<()> {
        self.delete(&DELETE_DOMAIN, Target::at(&[name]), call).await
    }

    async fn list_records(
        &self,
        domain: &str,
        page: &PageRequest,
        call: &CallOptions,
    ) -> Result<Page<DomainRecord>> {
        self.list(
            &LIST_RECORDS,
            Target::at(&[domain]),
            page,
            call,
            |list: DomainRecordList| (list.domain_records, list.links, list.meta),
        )
        .await
    }

    async fn create_record(
        &self,
        domain: &str,
        request: &RecordSpec,
        call: &CallOptions,
    ) -> Result<DomainRecord> {
        let answer = self
            .put_or_post(
                &CREATE_RECORD,
                Target::at(&[domain]),
                request,
                RecordSpec::decode,
                call,
            )
            .await;
        answer.map(|answer: DomainRecordAnswer| answer.domain_record)
    }

    async fn get_record(&self, domain: &str, id: u64, call: &CallOptions) -> Result<DomainRecord> {
        let id = id.to_string();
        let answer = self
            .get(&GET_RECORD, Target::at(&[domain, &id]), call)
            .await;
        answer.map(|answer: DomainRecordAnswer| answer.domain_record)
    }

    async fn update_record(
        &self,
        domain: &str,
        id: u64,
        request: &RecordSpec,
        call: &CallOptions,
    ) -> Result<DomainRecord> {
        let id = id.to_string();
        let answer = self
            .put_or_post(
                &UPDATE_RECORD,
                Target::at(&[domain, &id]),
                request,
                RecordSpec::decode,
                call,
            )
            .await;
        answer.map(|answer: DomainRecordAnswer| answer.domain_record)
    }

    async fn delete_record(&self, domain: &str, id: u64, call: &CallOptions) -> Result<()> {
        let id = id.to_string();
        self.delete(&DELETE_RECORD, Target::at(&[domain, &id]), call)
            .await
    }
}
