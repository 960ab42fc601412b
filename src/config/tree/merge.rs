use super::{Node, Table, Value};

/// Ways to reach an MCP server; one that is set anew replaces what the layer below says of that server.
const REACHED_BY: [&str; 2] = ["command", "url"];

impl Node {
    /// Lays a tree over this one: the upper leaf counts, table by table. Two things are not leaf by leaf: lists of rules
    /// add up, because a restriction must not vanish by being far away, and an MCP server is replaced as a whole where
    /// it is reached in another way.
    pub(in crate::config) fn overlay(&mut self, upper: Self) {
        match (&mut self.value, upper.value) {
            (Value::Table(lower), Value::Table(parts)) => {
                for (key, part) in parts {
                    match lower.get_mut(&key) {
                        Some(below) => below.lay(&key, part),
                        None => drop(lower.insert(key, part)),
                    }
                }
                self.place = upper.place;
            }
            (_, value) => *self = Self { value, place: upper.place },
        }
    }

    fn lay(&mut self, key: &str, upper: Self) {
        match (key, &mut self.value, upper.value) {
            ("permission", Value::Table(lower), Value::Table(parts)) => add_rules(lower, parts),
            ("mcp", Value::Table(lower), Value::Table(parts)) => {
                for (name, server) in parts {
                    match lower.get_mut(&name) {
                        Some(below) if REACHED_BY.iter().all(|way| server.part(way).is_none()) => {
                            below.overlay(server)
                        }
                        _ => drop(lower.insert(name, server)),
                    }
                }
            }
            (_, _, value) => self.overlay(Self { value, place: upper.place }),
        }
    }
}

fn add_rules(lower: &mut Table, upper: Table) {
    for (decision, rules) in upper {
        match (lower.get_mut(&decision).map(|below| &mut below.value), rules.value) {
            (Some(Value::List(below)), Value::List(rules)) => below.extend(rules),
            (_, value) => drop(lower.insert(decision, Node { value, place: rules.place })),
        }
    }
}
