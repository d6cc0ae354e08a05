//! Documents of GraphQL as OPA shows them to policies: the names and numbers of its trees are those of the structures in
//! `gqlparser`, without places, and without what is empty.

use serde::{Deserialize, Serialize};

/// What is asked of a server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Query {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fragments: Vec<Fragment>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Operation {
    /// `query`, `mutation` or `subscription`.
    pub operation: String,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variable_definitions: Vec<Variable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selection_set: Vec<Selection>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Variable {
    pub variable: String,
    #[serde(rename = "Type")]
    pub of: Type,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Literal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    /// Always false: trees are shown as they are before they are validated.
    pub used: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Fragment {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variable_definition: Vec<Variable>,
    pub type_condition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selection_set: Vec<Selection>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged, from = "AnySelection")]
pub(super) enum Selection {
    Field(Field),
    Spread(Spread),
    Inline(Inline),
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Field {
    /// The name in the answer; the field's own where none is given.
    pub alias: String,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Argument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selection_set: Vec<Selection>,
}

/// The use of a fragment that has a name.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Spread {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
}

/// A fragment where it is used; the condition may be empty.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inline {
    pub type_condition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selection_set: Vec<Selection>,
}

/// A selection of a tree, told apart by what it has: only fields have an alias, only fragments without a name a condition.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnySelection {
    alias: Option<String>,
    #[serde(default)]
    name: String,
    type_condition: Option<String>,
    #[serde(default)]
    arguments: Vec<Argument>,
    #[serde(default)]
    directives: Vec<Directive>,
    #[serde(default)]
    selection_set: Vec<Selection>,
}

impl From<AnySelection> for Selection {
    fn from(any: AnySelection) -> Self {
        let AnySelection { alias, name, type_condition, arguments, directives, selection_set } = any;
        match (alias, type_condition) {
            (Some(alias), _) => Self::Field(Field { alias, name, arguments, directives, selection_set }),
            (None, Some(type_condition)) => Self::Inline(Inline { type_condition, directives, selection_set }),
            (None, None) => Self::Spread(Spread { name, directives }),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Argument {
    pub name: String,
    pub value: Literal,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Directive {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<Argument>,
    /// Always empty: trees are shown as they are before they are validated.
    pub location: String,
}

/// What a value is, by its number in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub(super) enum Kind {
    #[default]
    Variable = 0,
    Int = 1,
    Float = 2,
    String = 3,
    Block = 4,
    Boolean = 5,
    Null = 6,
    Enum = 7,
    List = 8,
    Object = 9,
}

impl TryFrom<u8> for Kind {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        let all = [
            Self::Variable,
            Self::Int,
            Self::Float,
            Self::String,
            Self::Block,
            Self::Boolean,
            Self::Null,
            Self::Enum,
            Self::List,
            Self::Object,
        ];
        all.get(usize::from(number)).copied().ok_or_else(|| format!("there is no value of kind {number}"))
    }
}

impl From<Kind> for u8 {
    fn from(kind: Kind) -> Self {
        kind as Self
    }
}

/// A value as it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Literal {
    pub raw: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Argument>,
    pub kind: Kind,
    /// Always false: trees are shown as they are before they are validated.
    pub expected_type_has_default: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Type {
    pub named_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elem: Option<Box<Type>>,
    pub non_null: bool,
}

impl Type {
    /// The type with a name below all lists.
    pub fn name(&self) -> &str {
        let mut of = self;
        while let Some(element) = &of.elem {
            of = element;
        }
        &of.named_type
    }
}

/// What a server offers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SchemaDocument {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schema: Vec<SchemaDefinition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schema_extension: Vec<SchemaDefinition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<DirectiveDefinition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<Definition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Definition>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SchemaDefinition {
    pub description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operation_types: Vec<OperationType>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct OperationType {
    pub operation: String,
    #[serde(rename = "Type")]
    pub of: String,
}

/// What a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum TypeKind {
    #[default]
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    InputObject,
}

impl TypeKind {
    /// Where a directive stands that is applied to such a type.
    pub fn location(self) -> &'static str {
        match self {
            Self::Scalar => "SCALAR",
            Self::Object => "OBJECT",
            Self::Interface => "INTERFACE",
            Self::Union => "UNION",
            Self::Enum => "ENUM",
            Self::InputObject => "INPUT_OBJECT",
        }
    }

    /// Whether it has fields to select from.
    pub fn composite(self) -> bool {
        matches!(self, Self::Object | Self::Interface | Self::Union)
    }

    /// Whether values of it may be given.
    pub fn input(self) -> bool {
        matches!(self, Self::Scalar | Self::Enum | Self::InputObject)
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Definition {
    pub kind: TypeKind,
    pub description: String,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldDefinition>,
    /// The members of a union.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enum_values: Vec<EnumValue>,
    pub built_in: bool,
}

/// A field of an object, or of an input, which has a default instead of arguments; arguments are of this shape, too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FieldDefinition {
    pub description: String,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<FieldDefinition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<Literal>,
    #[serde(rename = "Type")]
    pub of: Type,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EnumValue {
    pub description: String,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub directives: Vec<Directive>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DirectiveDefinition {
    pub description: String,
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<FieldDefinition>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    pub is_repeatable: bool,
}
