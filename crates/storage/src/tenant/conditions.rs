//! What a list shows only, where that is a matter of choice: a condition that grows, and the values of its placeholders.

use sea_orm::Value;

/// The condition of a statement of [`Tenant::all`](super::Tenant::all): the organization is `$1`, what is bound here comes
/// after it.
pub(super) struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Only rows of the organization, by the name that the statement gives to their table.
    pub(super) fn of_table(alias: &str) -> Self {
        Self { sql: format!("{alias}.org_id = $1"), values: Vec::new() }
    }

    /// The placeholder of a value. It may be written more than once.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }

    /// And this, too.
    pub(super) fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND (");
        self.sql.push_str(condition);
        self.sql.push(')');
    }

    /// And the column is the value, if there is one.
    pub(super) fn equal(&mut self, column: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let placeholder = self.bind(value);
            self.and(&format!("{column} = {placeholder}"));
        }
    }

    /// The condition.
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values after the organization.
    pub(super) fn into_values(self) -> Vec<Value> {
        self.values
    }
}
