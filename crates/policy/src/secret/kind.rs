//! Which files may hold secrets that matter: infrastructure code, configuration, and programs.

/// What a file is, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Infrastructure code and configuration: whatever is called a password there is one.
    Configuration,
    /// Code of programs, where names such as `password` are given to much that is none: only what has a form of its own
    /// counts.
    Program,
}

/// How the names of files with infrastructure code and configuration end.
const ENDINGS: &[&str] = &[
    "tf",
    "tofu",
    "tfvars",
    "hcl",
    "nomad",
    "yaml",
    "yml",
    "json",
    "jsonc",
    "json5",
    "bicep",
    "bicepparam",
    "tfstate",
    "env",
    "envrc",
    "sh",
    "bash",
    "zsh",
    "ksh",
    "fish",
    "ps1",
    "psm1",
    "bat",
    "cmd",
    "ini",
    "cfg",
    "conf",
    "config",
    "cnf",
    "toml",
    "properties",
    "props",
    "xml",
    "pem",
    "key",
    "p8",
    "ppk",
    "asc",
    "gpg",
    "kubeconfig",
    "tpl",
    "tmpl",
    "tftpl",
    "j2",
    "template",
    "service",
    "npmrc",
    "pypirc",
    "netrc",
    "pgpass",
    "dockerfile",
    "containerfile",
    "jenkinsfile",
    "cloudinit",
    "inf",
    "rc",
    "sql",
    "ovpn",
    "backup",
];

/// How the names of programs end.
const PROGRAMS: &[&str] = &[
    "py",
    "ipynb",
    "rb",
    "go",
    "rs",
    "java",
    "kt",
    "kts",
    "scala",
    "groovy",
    "gradle",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "mts",
    "cts",
    "tsx",
    "vue",
    "svelte",
    "php",
    "cs",
    "fs",
    "vb",
    "swift",
    "m",
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "pl",
    "pm",
    "lua",
    "r",
    "ex",
    "exs",
    "erl",
    "clj",
    "dart",
    "jsonnet",
    "libsonnet",
    "rego",
    "cue",
    "nix",
    "star",
    "bzl",
];

/// Names of files without an ending.
const NAMES: &[&str] = &[
    "dockerfile",
    "containerfile",
    "jenkinsfile",
    "vagrantfile",
    "makefile",
    "procfile",
    "hosts",
    "inventory",
    "kubeconfig",
    "config",
    "credentials",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".npmrc",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".dockercfg",
    ".dockerconfigjson",
    ".env",
    ".envrc",
    ".htpasswd",
    ".git-credentials",
    ".bashrc",
    ".profile",
    ".zshrc",
    ".vault-token",
    ".s3cfg",
    ".boto",
    "user-data",
    "userdata",
];

/// Files that tools write, full of hashes.
const LOCKS: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "composer.lock",
    "pnpm-lock.yaml",
    "packages.lock.json",
    "deno.lock",
    "project.assets.json",
    "flake.lock",
    ".terraform.lock.hcl",
    "chart.lock",
    "modules.json",
    "go.sum",
];

/// Folders of what others wrote.
const VENDORED: &[&str] = &["node_modules", "vendor", "third_party", ".terraform", "bower_components", "site-packages"];

/// How many bytes from its start tell whether a file is text.
const LOOKED_AT: usize = 8192;

/// What the file of this path is; `None` where no secrets are looked for in it.
pub(crate) fn of(path: &str) -> Option<Kind> {
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.rsplit('/');
    let name = parts.next().unwrap_or_default();
    if LOCKS.contains(&name) || name.ends_with(".lock") || parts.any(|folder| VENDORED.contains(&folder)) {
        return None;
    }
    let of_kind = |word: &str| name.strip_prefix(word).is_some_and(|rest| rest.starts_with(['.', '-', '_']));
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let configures = ENDINGS.contains(&ending)
        || NAMES.contains(&name)
        || [".env", "dockerfile", "containerfile"].into_iter().any(of_kind);
    // What a bundler made of the code of others is data, in one long line.
    let is_program = PROGRAMS.contains(&ending) && !name.contains(".min.");
    configures.then_some(Kind::Configuration).or(is_program.then_some(Kind::Program))
}

/// Whether such a file holds configuration alone and no resources that other controls would judge.
pub(crate) fn is_plain(path: &str) -> bool {
    let code = ["tf", "tofu", "hcl", "yaml", "yml", "json", "bicep", "tfstate", "template"];
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    of(path) == Some(Kind::Configuration) && !code.contains(&ending) && !name.contains("dockerfile")
}

/// The text of a file as bytes in UTF-8; `None` for what is no text.
pub(crate) fn text(bytes: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    let wide = |read: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
        Some(text.into_bytes().into())
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ if bytes[..bytes.len().min(LOOKED_AT)].contains(&0) => None,
        _ => Some(bytes.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_configuration_are_judged_and_locks_and_vendored_files_are_not() {
        for path in
            ["main.tf", "a/prod.tfvars", ".env", ".env.prod", "web/Dockerfile", "Dockerfile.web", "x.PEM", "k/id_rsa"]
        {
            assert_eq!(of(path), Some(Kind::Configuration), "{path}");
        }
        for path in ["lambda/handler.py", "main.GO", "a/stack.ts"] {
            assert_eq!(of(path), Some(Kind::Program), "{path}");
        }
        for path in [
            "package-lock.json",
            "a/jquery.min.js",
            "a/node_modules/x.json",
            "README.md",
            "x.png",
            "poetry.lock",
            "vendor/m/main.tf",
        ] {
            assert_eq!(of(path), None, "{path}");
        }
        assert!(is_plain("app.env") && is_plain("run.sh") && !is_plain("main.tf") && !is_plain("README.md"));
    }

    #[test]
    fn text_of_windows_is_text_and_an_archive_is_none() {
        assert_eq!(text(b"\xff\xfea\0=\0").as_deref(), Some(&b"a="[..]));
        assert!(text(b"PK\x03\x04\0\0").is_none());
    }
}
