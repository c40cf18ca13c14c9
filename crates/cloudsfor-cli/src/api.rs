//! `api`: a request of the user's own form, with our credentials, retries and
//! traces.

#[cfg(test)]
mod tests;

use clap::{Args, ValueEnum};
use cloudsfor_core::call::InvalidKey;
use cloudsfor_core::client::raw::RawAnswer;
use cloudsfor_core::page::PageToken;
use cloudsfor_core::types::operations;
use cloudsfor_core::types::{Extra, Json};
use cloudsfor_core::{Client, IdempotencyKey};

use crate::args::{Global, label};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::terminal::Terminal;
use crate::text_file;

/// The largest body that is sent, as the API allows it: 1 MiB, and one byte to
/// see that there is more.
const READ_AT_MOST: u64 = (1 << 20) + 1;

/// Send a request of your own, for what has no command.
///
/// The answer is shown as it comes, JSON over several lines. Fields make a body of
/// JSON, and a POST of a request that names no other method.
#[derive(Args)]
pub(crate) struct Api {
    /// The path after the base URL: /vms?page=1
    path: String,

    /// The method; POST if there are fields or a body, else GET
    #[arg(short = 'X', long, value_enum, ignore_case = true)]
    method: Option<Method>,

    /// An attribute of the body, as text; may be repeated
    #[arg(short = 'f', long = "raw-field", value_name = "NAME=TEXT", value_parser = label)]
    texts: Vec<(String, String)>,

    /// An attribute of the body, as JSON where it is (1, true, null, ["a"]), else as
    /// text; may be repeated
    #[arg(short = 'F', long = "field", value_name = "NAME=JSON", value_parser = label)]
    values: Vec<(String, String)>,

    /// A file with the whole body; `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["texts", "values"])]
    input: Option<String>,

    /// The key under which a POST is carried out once
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    idempotency_key: Option<IdempotencyKey>,

    /// Show status and headers before the answer
    #[arg(short, long)]
    include: bool,

    /// Show the pages after the answer too, one after the other: the API answers in
    /// pages when the path asks for them, as /vms?per_page=200
    #[arg(long, conflicts_with_all = ["method", "texts", "values", "input", "idempotency_key"])]
    paginate: bool,

    /// With --paginate, show all pages as one array
    #[arg(long, requires = "paginate", conflicts_with = "include")]
    slurp: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    Get,
    Post,
    Put,
    Delete,
}

fn idempotency_key(text: &str) -> Result<IdempotencyKey, InvalidKey> {
    IdempotencyKey::new(text)
}

pub(crate) async fn api(
    client: &Client,
    args: &Api,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let path = path(&args.path)?;
    if args.paginate {
        return pages(client, args, path, global, terminal).await;
    }
    let body = body(args, global, terminal)?;
    let method = match (args.method, &body) {
        (Some(Method::Get), _) | (None, None) => operations::Method::Get,
        (Some(Method::Post), _) | (None, Some(_)) => operations::Method::Post,
        (Some(Method::Put), _) => operations::Method::Put,
        (Some(Method::Delete), _) => operations::Method::Delete,
    };
    let mut call = global.call();
    if let Some(key) = &args.idempotency_key {
        call = call.with_idempotency_key(key.clone());
    }
    let what = || format!("{} {path} failed", method.as_str());
    let answer = client.raw(method, &path, body.map(Into::into), &call).await;
    let answer = answer.map_err(|error| Failure::of(&error, what()))?;
    show(&answer, args, global, terminal)?;
    Ok(Exit::Done)
}

/// Shows a page as soon as it is there, or all as one value.
async fn pages(
    client: &Client,
    args: &Api,
    path: PageToken,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let what = |number: usize| format!("GET {}: page {number} failed", args.path);
    let mut pages = client.raw_pages(path, &global.call());
    let mut slurped = Vec::new();
    for number in 1.. {
        let page = pages.next().await;
        let Some(page) = page.map_err(|error| Failure::of(&error, what(number)))? else {
            break;
        };
        if args.slurp {
            slurped.push(json(&page.body).ok_or_else(|| {
                Failure::new(Exit::Unavailable, what(number), "the answer is no JSON")
                    .next("leave --slurp out to see it")
            })?);
            continue;
        }
        if number > 1 && global.view.output == Format::Yaml {
            writeln!(terminal.out(), "---")?;
        }
        show(&page, args, global, terminal)?;
    }
    if args.slurp {
        show_value(&Json::Array(slurped), global, terminal)?;
    }
    Ok(Exit::Done)
}

fn show(
    answer: &RawAnswer,
    args: &Api,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if args.include {
        output::line(terminal, &format!("HTTP {}", answer.status))?;
        for (name, value) in &answer.headers {
            let value = value.to_str().unwrap_or("(not text)");
            output::line(terminal, &format!("{name}: {value}"))?;
        }
        writeln!(terminal.out())?;
    }
    if answer.body.is_empty() {
        return Ok(());
    }
    match json(&answer.body) {
        Some(value) => show_value(&value, global, terminal),
        None => {
            let text = String::from_utf8_lossy(&answer.body);
            let mut lines = text.lines();
            Ok(lines.try_for_each(|line| output::line(terminal, line))?)
        }
    }
}

fn json(body: &[u8]) -> Option<Json> {
    serde_json::from_slice(body).ok()
}

fn show_value(value: &Json, global: &Global, terminal: &mut Terminal) -> Result<(), Failure> {
    if let Format::Template(template) = &global.view.output {
        let text = output::filled(template, value)?;
        writeln!(terminal.out(), "{text}")?;
        return Ok(());
    }
    output::document(terminal, &global.view, value)
}

fn path(text: &str) -> Result<PageToken, Failure> {
    let with_slash = match text.starts_with('/') {
        true => text.to_owned(),
        false => format!("/{text}"),
    };
    with_slash.parse().map_err(|_| {
        let what = format!("{text:?} can't be asked for");
        Failure::new(Exit::Usage, what, "it is no path under the API's base URL")
            .next("name a path without a host: /vms?page=1")
    })
}

fn body(args: &Api, global: &Global, terminal: &mut Terminal) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(file) = &args.input {
        let text = text_file::read(file, "--input", READ_AT_MOST, global, terminal)?;
        return Ok(Some(text.into_bytes()));
    }
    let mut fields = Extra::new();
    let texts = args.texts.iter();
    let texts = texts.map(|(name, text)| (name, Json::from(text.as_str())));
    let values = args.values.iter().map(|(name, text)| {
        let value = serde_json::from_str(text);
        (name, value.unwrap_or_else(|_| text.as_str().into()))
    });
    for (name, value) in texts.chain(values) {
        if fields.insert(name.clone(), value).is_some() {
            let what = format!("the field {name} can't be sent");
            return Err(
                Failure::new(Exit::Usage, what, "it is there twice").next("give each field once")
            );
        }
    }
    Ok((!fields.is_empty()).then(|| Json::Object(fields).to_string().into_bytes()))
}
