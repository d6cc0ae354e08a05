//! The functions of the language: names and how many arguments each takes.

/// A built-in function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Has,
    Empty,
    Len,
    Lower,
    Split,
    Join,
    Keys,
    Values,
    Json,
    Yaml,
    Base64,
    Number,
    Distinct,
    First,
    IsOpenCidr,
    IsAnySource,
    CidrContains,
    PortBetween,
    PortIn,
    Statements,
    Referrers,
    Targets,
    Connected,
    Resources,
    Pod,
    PodMeta,
    Containers,
    MainContainers,
    InitContainers,
    ImageTag,
    SecretLike,
    VersionAtLeast,
    Flag,
}

/// Name, function, fewest and most arguments, and how to write it.
pub(crate) struct Signature {
    pub name: &'static str,
    pub function: Function,
    pub least: usize,
    pub most: usize,
    pub usage: &'static str,
}

const fn of(name: &'static str, function: Function, least: usize, most: usize, usage: &'static str) -> Signature {
    Signature { name, function, least, most, usage }
}

/// Every function; the reference page is made of this list.
pub(crate) const FUNCTIONS: [Signature; 33] = [
    of("has", Function::Has, 1, 1, "has(x): whether x is set"),
    of("empty", Function::Empty, 1, 1, "empty(x): whether x is not set, or an empty text, list or map"),
    of("len", Function::Len, 1, 1, "len(x): how many items or characters"),
    of("lower", Function::Lower, 1, 1, "lower(x): a text in lower case"),
    of("split", Function::Split, 2, 2, "split(x, separator): a text to a list"),
    of("join", Function::Join, 2, 2, "join(list, separator): texts to one text"),
    of("keys", Function::Keys, 1, 1, "keys(x): the keys of a map"),
    of("values", Function::Values, 1, 1, "values(x): the values of a map"),
    of("json", Function::Json, 1, 1, "json(x): the value that a JSON text holds"),
    of("yaml", Function::Yaml, 1, 1, "yaml(x): the value that a YAML or JSON text holds"),
    of("base64", Function::Base64, 1, 1, "base64(x): the text that a base64 text holds, or null"),
    of("number", Function::Number, 1, 1, "number(x): a text as a number"),
    of("distinct", Function::Distinct, 1, 1, "distinct(list): its items without repetition"),
    of("first", Function::First, 1, 1, "first(list): its first item"),
    of(
        "is_open_cidr",
        Function::IsOpenCidr,
        1,
        1,
        "is_open_cidr(x): whether a range (or one of a list) is the whole internet",
    ),
    of("is_any_source", Function::IsAnySource, 1, 1, "is_any_source(x): as is_open_cidr, and `*`, `Internet`, `any`"),
    of(
        "cidr_contains",
        Function::CidrContains,
        2,
        2,
        "cidr_contains(outer, inner): whether one range lies within the other",
    ),
    of("port_between", Function::PortBetween, 3, 3, "port_between(port, from, to): whether from..to holds the port"),
    of(
        "port_in",
        Function::PortIn,
        2,
        2,
        "port_in(port, ranges): whether `22`, `20-25`, `*` or a list of these holds the port",
    ),
    of(
        "statements",
        Function::Statements,
        1,
        1,
        "statements(policy): the statements of an IAM policy, written as JSON or as a policy document",
    ),
    of(
        "referrers",
        Function::Referrers,
        1,
        3,
        "referrers(type, attribute, of): resources of the type that refer to this one, or to the related one that is named; `null` for any attribute",
    ),
    of(
        "targets",
        Function::Targets,
        1,
        3,
        "targets(type, attribute, of): resources of the type that this one, or the one that is named, refers to; `null` for any attribute",
    ),
    of(
        "connected",
        Function::Connected,
        1,
        2,
        "connected(type, of): resources of the type that refer to this one or that it refers to",
    ),
    of("resources", Function::Resources, 1, 1, "resources(type): all resources of the type"),
    of("pod", Function::Pod, 0, 0, "pod(): the pod spec of a workload of any kind"),
    of("pod_meta", Function::PodMeta, 0, 0, "pod_meta(): the metadata of the pod of a workload of any kind"),
    of("containers", Function::Containers, 0, 0, "containers(): the containers and init containers of a workload"),
    of(
        "main_containers",
        Function::MainContainers,
        0,
        0,
        "main_containers(): the containers of a workload without init containers",
    ),
    of("init_containers", Function::InitContainers, 0, 0, "init_containers(): the init containers of a workload"),
    of("image_tag", Function::ImageTag, 1, 1, "image_tag(image): the tag of a container image, or null"),
    of(
        "secret_like",
        Function::SecretLike,
        1,
        1,
        "secret_like(x): whether a text holds something of the form of a credential",
    ),
    of(
        "version_at_least",
        Function::VersionAtLeast,
        2,
        2,
        "version_at_least(x, \"1.2\"): compares dotted versions by number",
    ),
    of(
        "flag",
        Function::Flag,
        2,
        2,
        "flag(command, \"--name\"): the value of an option in a list of arguments, \"true\" where it has none",
    ),
];

impl Function {
    pub(crate) fn named(name: &str) -> Option<&'static Signature> {
        FUNCTIONS.iter().find(|signature| signature.name == name)
    }

    pub(crate) fn signature(self) -> &'static Signature {
        FUNCTIONS.iter().find(|signature| signature.function == self).expect("every function is in the list")
    }
}
