//! `events`: what happens to VMs and actions, as it happens.

#[cfg(test)]
mod tests;

use clap::Args;
use cloudsfor_core::Api;
use cloudsfor_types::event::InvalidEventCursor;
use cloudsfor_types::{Event, EventCursor, Extra, Json, Timestamp};
use futures_util::StreamExt;

use crate::args::{Global, quote};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Format};
use crate::terminal::Terminal;

/// Tell what happens to VMs and actions, as it happens
#[derive(Args)]
pub(crate) struct Events {
    /// Go on after this place, which an earlier command named at its end; from now
    /// on, if there is none
    #[arg(long, value_name = "CURSOR", value_parser = cursor)]
    after: Option<EventCursor>,
}

fn cursor(text: &str) -> Result<EventCursor, InvalidEventCursor> {
    EventCursor::new(text)
}

/// Whether an event is shown.
pub(crate) enum Shown {
    If(bool),
    /// It is the last one, if it is shown.
    ThenEnd(bool),
}

pub(crate) async fn events(
    api: &dyn Api,
    args: &Events,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let every = |_: &Event| Shown::If(true);
    follow(api, args.after.clone(), every, global, terminal).await
}

/// Tells of the events that are to be shown, a line each, until Ctrl-C.
pub(crate) async fn follow(
    api: &dyn Api,
    after: Option<EventCursor>,
    concerns: impl Fn(&Event) -> Shown,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, Failure> {
    let mut interrupt = terminal.interrupt();
    let failed = |error| Failure::of(&error, "it can't be told what happens");
    let call = global.call();
    let mut stream = tokio::select! {
        biased;
        stream = api.watch_events(after, &call) => stream.map_err(failed)?,
        () = &mut interrupt => return Ok(Exit::Done),
    };
    loop {
        let event = tokio::select! {
            biased;
            event = stream.next() => event,
            () = &mut interrupt => break,
        };
        let Some(event) = event else { break };
        let event = match event {
            Ok(event) => event,
            // About this event alone: the stream goes on.
            Err(error) if matches!(error.kind(), cloudsfor_core::ErrorKind::Decode { .. }) => {
                global.tell_failure(terminal, &failed(error));
                continue;
            }
            Err(error) => {
                let failure = failed(error);
                return Err(match stream.cursor() {
                    Some(cursor) => failure.instead(resume(cursor, global)),
                    None => failure,
                });
            }
        };
        let (is_shown, is_last) = match concerns(&event) {
            Shown::If(shown) => (shown, false),
            Shown::ThenEnd(shown) => (shown, shown),
        };
        if is_shown {
            tell(&event, stream.at(), global, terminal)?;
            terminal.flush()?;
        }
        if is_last {
            return Ok(Exit::Done);
        }
    }
    if let Some(cursor) = stream.cursor() {
        terminal.note(&resume(cursor, global));
    }
    Ok(Exit::Done)
}

fn resume(cursor: &EventCursor, global: &Global) -> String {
    let command = format!("events --after {}", quote(cursor.as_str()));
    format!("to go on from here: {}", global.command(&command))
}

fn tell(
    event: &Event,
    at: Option<&Timestamp>,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let view = &global.view;
    match &view.output {
        Format::Json => {
            let line = output::json::line(&as_json(event, at))?;
            writeln!(terminal.out(), "{line}")?;
        }
        Format::Yaml => {
            writeln!(terminal.out(), "---")?;
            output::document(terminal, view, &as_json(event, at))?;
        }
        Format::Template(template) => {
            let text = output::filled(template, &as_json(event, at))?;
            writeln!(terminal.out(), "{text}")?;
        }
        Format::Id => output::line(terminal, id(event))?,
        _ => {
            // A server that doesn't tell when it happened tells it at once.
            let at = at.and_then(Timestamp::instant);
            let at = at.unwrap_or_else(|| terminal.now());
            let at = at.strftime("%Y-%m-%dT%H:%M:%SZ");
            output::line(terminal, &format!("{at}  {}", in_words(event)))?;
        }
    }
    Ok(())
}

fn id(event: &Event) -> &str {
    match event {
        Event::Vm(vm) => vm.id.as_str(),
        Event::VmDeleted(id) => id.as_str(),
        Event::Action(action) => action.vm_id().as_str(),
        _ => "",
    }
}

fn in_words(event: &Event) -> String {
    match event {
        Event::Vm(vm) => {
            let locked = if vm.locked { ", locked" } else { "" };
            format!("VM {} ({}) is {}{locked}", vm.name, vm.id, vm.status)
        }
        Event::VmDeleted(id) => format!("VM {id} is gone"),
        Event::Action(action) => {
            let (kind, status) = (&action.r#type, &action.status);
            let error = action.error.as_deref();
            let why = error.map(|error| format!(": {error}")).unwrap_or_default();
            format!(
                "action {kind} on the VM {} is {status}{why}",
                action.vm_id()
            )
        }
        Event::Reset => "some events were missed: list what there is".into(),
        Event::Other { name, data } => format!("{name}: {data}"),
        _ => "something that this version doesn't know".into(),
    }
}

/// The event as programs read it: its name, and what it says.
fn as_json(event: &Event, at: Option<&Timestamp>) -> Json {
    let of = |name: &str, attributes: Vec<(&str, Json)>| {
        let mut all = Extra::new();
        all.insert("event", name);
        if let Some(at) = at {
            all.insert("at", at.to_string());
        }
        for (name, value) in attributes {
            all.insert(name, value);
        }
        Json::Object(all)
    };
    match event {
        Event::Vm(vm) => of("vm", vec![("vm", Json::of(vm).unwrap_or_default())]),
        Event::VmDeleted(id) => {
            let vm: Extra = [("id", id.as_str())].into_iter().collect();
            of("vm", vec![("vm", vm.into()), ("deleted", true.into())])
        }
        Event::Action(action) => {
            let action = Json::of(action).unwrap_or_default();
            of("action", vec![("action", action)])
        }
        Event::Reset => of("reset", vec![]),
        Event::Other { name, data } => of(name, vec![("data", data.as_str().into())]),
        _ => of("unknown", vec![]),
    }
}
