//! Stacks of one shape and any size, written for Formwork and for Terraform.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// How many layers a layered stack has.
const LAYERS: usize = 10;

/// For whom a stack is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// This project.
    Formwork,
    /// HashiCorp's.
    Terraform,
}

/// How the resources of a stack hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Blocks that know nothing of each other.
    Separate,
    /// Ten layers; each block refers to three blocks of the layer before.
    Layers,
    /// One block with instances.
    Instances,
    /// Each block refers to the one before.
    Chain,
}

/// Writes a stack of `size` resources into `directory`, which must exist.
///
/// # Errors
/// When the file system refuses.
pub fn write(tool: Tool, shape: Shape, size: usize, directory: &Path) -> io::Result<()> {
    let name = match tool {
        Tool::Formwork => "main.fw",
        Tool::Terraform => "main.tf",
    };
    if tool == Tool::Formwork {
        fs::write(directory.join("formwork.toml"), "[stack]\nname = \"speed\"\nversion = \"0.1.0\"\n")?;
    }
    let mut out = BufWriter::new(File::create(directory.join(name))?);
    body(tool, shape, size, &mut out)?;
    out.flush()
}

/// The source of a stack for Formwork, for benches that have no use for files.
///
/// # Errors
/// Never for a text in memory.
pub fn formwork_source(shape: Shape, size: usize) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    body(Tool::Formwork, shape, size, &mut text)?;
    Ok(text)
}

fn body(tool: Tool, shape: Shape, size: usize, out: &mut dyn Write) -> io::Result<()> {
    if shape == Shape::Instances {
        return instances(tool, size, out);
    }
    for index in 0..size {
        let needs = needs(shape, index, size);
        let reference = |need: &usize| match tool {
            Tool::Formwork => format!("r{need}.output"),
            Tool::Terraform => format!("terraform_data.r{need}.output"),
        };
        // The values must not grow from layer to layer, else they would be what is measured.
        let input = match needs.as_slice() {
            [] => format!("{index}"),
            [only] => reference(only),
            needs => format!("max({})", needs.iter().map(reference).collect::<Vec<_>>().join(", ")),
        };
        match tool {
            Tool::Formwork => writeln!(out, "resource r{index}: std.value {{ input = {input} }}")?,
            Tool::Terraform => writeln!(out, "resource \"terraform_data\" \"r{index}\" {{\n  input = {input}\n}}")?,
        }
    }
    Ok(())
}

fn instances(tool: Tool, size: usize, out: &mut dyn Write) -> io::Result<()> {
    match tool {
        Tool::Formwork => writeln!(
            out,
            "resource many: std.value for key in to_set([for n in range(0, {size}) => \"key-${{n}}\"]) {{ input = key }}"
        ),
        Tool::Terraform => writeln!(
            out,
            "resource \"terraform_data\" \"many\" {{\n  for_each = toset([for n in range(0, {size}) : \"key-${{n}}\"])\n  input = each.key\n}}"
        ),
    }
}

/// What a block refers to.
fn needs(shape: Shape, index: usize, size: usize) -> Vec<usize> {
    match shape {
        Shape::Separate | Shape::Instances => Vec::new(),
        Shape::Chain => index.checked_sub(1).into_iter().collect(),
        Shape::Layers => {
            let width = (size / LAYERS).max(1);
            let Some(before) = (index / width).checked_sub(1) else { return Vec::new() };
            (0..3).map(|step| before * width + (index + step * 7) % width).collect()
        }
    }
}
