//! Which things of a list are shown, and in which order.

use std::cmp::Ordering;
use std::str::FromStr;

use super::Resource;
use super::compare::Comparable;
use super::field::{Field, Row};
use crate::failure::Failure;

/// What a list is narrowed to and sorted by: each condition must hold.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Query {
    /// Show only those with this value in a column or attribute (`!=`: without
    /// it): status=running, labels.role!=web; may be repeated
    #[arg(long = "filter", value_name = "COLUMN=VALUE")]
    pub(crate) conditions: Vec<Condition>,

    /// Sort by columns or attributes: name, or memory:desc,name
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) sort: Vec<SortKey>,
}

/// What a field must be, or must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    field: String,
    value: String,
    is_equal: bool,
}

/// What to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortKey {
    field: String,
    descends: bool,
}

impl FromStr for Condition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (field, value) = text
            .split_once('=')
            .ok_or("must be COLUMN=VALUE or COLUMN!=VALUE")?;
        // `==` means `=`.
        let value = value.strip_prefix('=').unwrap_or(value);
        let (field, is_equal) = match field.strip_suffix('!') {
            Some(field) => (field, false),
            None => (field, true),
        };
        let field = field.trim();
        if field.is_empty() {
            return Err("must name a column before the sign");
        }
        Ok(Self {
            field: field.to_owned(),
            value: value.to_owned(),
            is_equal,
        })
    }
}

impl FromStr for SortKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (field, order) = text.trim().rsplit_once(':').unwrap_or((text.trim(), "asc"));
        if field.is_empty() {
            return Err("must name a column");
        }
        Ok(Self {
            field: field.to_owned(),
            descends: match order {
                "asc" => false,
                "desc" => true,
                _ => return Err("must end in :asc or :desc, or in neither"),
            },
        })
    }
}

impl Query {
    pub(crate) fn is_everything(&self) -> bool {
        self.conditions.is_empty() && self.sort.is_empty()
    }

    /// The one value that this field must have, if there is such a condition.
    pub(crate) fn required(&self, field: &str) -> Option<&str> {
        let is_it = |c: &&Condition| c.is_equal && c.field == field;
        self.conditions.iter().find(is_it).map(|c| c.value.as_str())
    }

    /// The things that it lets through, in its order.
    pub(crate) fn apply<T: Resource>(&self, items: Vec<T>) -> Result<Vec<T>, Failure> {
        if self.is_everything() {
            return Ok(items);
        }
        let rows: Vec<_> = items.iter().map(Row::with_attributes).collect();
        let sort = self.sort.iter().map(|key| Field::<T>::named(&key.field));
        let sort: Vec<_> = sort.collect();
        let mut conditions = Vec::new();
        for condition in &self.conditions {
            let field = Field::<T>::named(&condition.field);
            field.check(&rows)?;
            field.check_value(&condition.value)?;
            conditions.push((condition, field));
        }
        sort.iter().try_for_each(|field| field.check(&rows))?;
        let holds = |row: &Row<'_, T>| {
            let mut conditions = conditions.iter();
            conditions.all(|(condition, field)| {
                field.comparable(row).is(&condition.value) == condition.is_equal
            })
        };
        let mut kept: Vec<(Vec<Comparable>, usize)> = Vec::new();
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| holds(row)) {
            let values = sort.iter().map(|field| field.comparable(row));
            kept.push((values.collect(), index));
        }
        kept.sort_by(|(one, _), (other, _)| self.order(one, other));
        let order: Vec<_> = kept.into_iter().map(|(_, index)| index).collect();
        drop(rows);
        let mut items: Vec<_> = items.into_iter().map(Some).collect();
        Ok(order.iter().filter_map(|at| items[*at].take()).collect())
    }

    fn order(&self, one: &[Comparable], other: &[Comparable]) -> Ordering {
        let pairs = self.sort.iter().zip(one.iter().zip(other));
        let mut orders = pairs.map(|(key, (one, other))| {
            let order = one.order(other);
            if key.descends { order.reverse() } else { order }
        });
        orders
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

#[cfg(test)]
mod tests {
    use cloudsfor_types::Vm;
    use serde_json::json;

    use super::*;
    use crate::testing::a_vm;

    fn vms() -> Vec<Vm> {
        vec![
            a_vm(
                json!({"id": "1", "name": "b", "memory": 10, "labels": {"role": "web"},
                        "created_at": "2015-01-14T16:00:00+03:00"}),
            ),
            a_vm(
                json!({"id": "2", "name": "A", "memory": 9.5, "status": "stopped",
                        "features": ["backups", "ipv6"], "created_at": "2015-01-14T15:00:00Z"}),
            ),
            a_vm(json!({"id": "3", "name": "c", "memory": 9.5})),
        ]
    }

    fn ids(filters: &[&str], sort: &[&str]) -> Result<String, Failure> {
        let query = Query {
            conditions: filters.iter().map(|f| f.parse().unwrap()).collect(),
            sort: sort.iter().map(|s| s.parse().unwrap()).collect(),
        };
        let kept = query.apply(vms())?;
        Ok(kept.iter().map(|vm| vm.id.as_str()).collect())
    }

    #[test]
    fn conditions_are_about_columns_and_attributes() {
        for (filters, kept) in [
            (&["status=running"][..], "13"),
            (&["status!=running"], "2"),
            (&["memory=9.50", "name=C"], "3"),
            (&["features=ipv6"], "2"),
            (&["labels.role=web"], "1"),
            (&["labels.role!=web"], "23"),
            (&["status=none"], ""),
            (&["status==stopped"], "2"),
            (&["labels.role==web"], "1"),
            (&["labels.nothing=yes"], ""),
            (&["labels.nothing!=yes"], "123"),
            (&["plan!=OTHER"], "123"),
            (&["created=2015-01-14T13:00:00Z"], "1"),
            (&["created_at=2015-01-14T13:00:00Z"], "1"),
        ] {
            assert_eq!(ids(filters, &[]).unwrap(), kept, "{filters:?}");
        }
        for slip in ["stauts=x", "memory=1 GB", "region.nmae=x"] {
            assert_eq!(ids(&[slip], &[]).unwrap_err().exit.code(), 2, "{slip}");
        }
    }

    #[test]
    fn order_is_by_number_time_or_text() {
        for (sort, order) in [
            (&["name"][..], "213"),
            (&["name:desc"], "312"),
            (&["memory", "name:desc"], "321"),
            (&["created"], "123"),
            (&["status:desc"], "213"),
        ] {
            assert_eq!(ids(&[], sort).unwrap(), order, "{sort:?}");
        }
        assert!(ids(&[], &["nmae"]).is_err());
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "=x", "!=x", "name"] {
            assert!(text.parse::<Condition>().is_err(), "{text}");
        }
        for text in ["", ":asc", "name:up"] {
            assert!(text.parse::<SortKey>().is_err(), "{text}");
        }
    }
}
