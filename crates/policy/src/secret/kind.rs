//! Which files may hold secrets that matter: infrastructure code and configuration.

/// How the names of such files end.
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

/// Whether secrets are looked for in a file of this path.
pub(crate) fn is_judged(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.rsplit('/');
    let name = parts.next().unwrap_or_default();
    if LOCKS.contains(&name) || name.ends_with(".lock") || parts.any(|folder| VENDORED.contains(&folder)) {
        return false;
    }
    let of_kind = |word: &str| name.strip_prefix(word).is_some_and(|rest| rest.starts_with(['.', '-', '_']));
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending)
        || NAMES.contains(&name)
        || [".env", "dockerfile", "containerfile"].into_iter().any(of_kind)
}

/// Whether such a file holds configuration alone and no resources that other controls would judge.
pub(crate) fn is_plain(path: &str) -> bool {
    let code = ["tf", "tofu", "hcl", "yaml", "yml", "json", "bicep", "tfstate", "template"];
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    is_judged(path) && !code.contains(&ending) && !name.contains("dockerfile")
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
            assert!(is_judged(path), "{path}");
        }
        for path in
            ["package-lock.json", "a/node_modules/x.json", "README.md", "x.png", "poetry.lock", "vendor/m/main.tf"]
        {
            assert!(!is_judged(path), "{path}");
        }
        assert!(is_plain("app.env") && is_plain("run.sh") && !is_plain("main.tf") && !is_plain("README.md"));
    }

    #[test]
    fn text_of_windows_is_text_and_an_archive_is_none() {
        assert_eq!(text(b"\xff\xfea\0=\0").as_deref(), Some(&b"a="[..]));
        assert!(text(b"PK\x03\x04\0\0").is_none());
    }
}
