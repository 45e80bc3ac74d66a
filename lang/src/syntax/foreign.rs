//! Blocks of other tools, and what to write for them.

/// What to write instead of a block `word "label" …`.
pub(super) fn instead_of(word: &str, labels: Vec<&str>) -> Option<String> {
    let name = labels.last().copied().filter(|name| !name.is_empty()).unwrap_or("NAME");
    let labelled = !labels.is_empty();
    Some(match word {
        "variable" => format!("write `param {name}: TYPE = DEFAULT`"),
        "locals" => "write each as `let NAME = VALUE`".to_owned(),
        "terraform" => "versions and the state's place stand in `formwork.toml`".to_owned(),
        "check" => "write `assert CONDITION else \"MESSAGE\"`".to_owned(),
        "removed" => "write `forget ADDRESS`; `@retain` above a block says the same before it goes".to_owned(),
        "moved" => "write `moved OLD -> NEW`".to_owned(),
        "import" => "write `import \"ID\" -> ADDRESS`".to_owned(),
        "resource" | "data" | "ephemeral" if labelled => {
            format!("write `{word} {name}: {} {{ … }}`", dotted(labels.first().copied().unwrap_or("")))
        }
        "module" if labelled => format!("write `module {name}: \"./path\" {{ … }}`"),
        "provider" if labelled => format!("write `provider {name} {{ … }}`"),
        "output" if labelled => format!("write `output {name} = VALUE`"),
        "param" | "let" | "type" | "fn" if labelled => format!("write `{word} {name}` without quotes"),
        _ => return None,
    })
}

/// Whether a block is known by its word alone: no text follows it.
pub(super) fn is_unlabelled(word: &str) -> bool {
    matches!(word, "locals" | "terraform" | "moved" | "import" | "removed")
}

/// Blocks within blocks whose content has another form here.
pub(super) fn is_steering(word: &str) -> bool {
    matches!(word, "dynamic" | "lifecycle" | "timeouts" | "provisioner" | "connection")
}

/// What to write instead of `param x: string { … }` and its like.
pub(super) fn instead_of_body(word: &str, name: &str) -> Option<String> {
    Some(match word {
        "param" => format!(
            "write `param {name}: TYPE = DEFAULT`; a description is a `/// …` line above it, a condition a `where`, and \
             what is sensitive a `secret<TYPE>`"
        ),
        "output" => format!("write `output {name} = VALUE`; what is made from a secret is secret"),
        "let" => format!("write `let {name} = {{ … }}`"),
        "type" => format!("write `type {name} = {{ … }}`"),
        _ => return None,
    })
}

/// `aws_vpc` as `aws.vpc`.
fn dotted(resource_type: &str) -> String {
    match resource_type.split_once('_') {
        Some(("azurerm", name)) => format!("azure.{name}"),
        Some((provider, name)) => format!("{provider}.{name}"),
        None => "PROVIDER.TYPE".to_owned(),
    }
}
