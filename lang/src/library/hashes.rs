//! Hashes of texts and files. None of them is secret-safe for passwords: those belong to the services that keep them.

use super::arguments::{BASE, gives, required, text};
use super::files::read;
use super::{FunctionError, LibraryFunction, Parameter, Shape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formwork_model::Value;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

const GROUP: LibraryFunction = LibraryFunction { group: "hashes", result: gives(Shape::String), ..BASE };

const TEXT: Parameter = required("text", Shape::String);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "md5",
        docs: "The MD5 hash of the text, as UTF-8, in hexadecimal digits. Only for systems that ask for it.",
        examples: &[
            (r#"md5("hello")"#, r#""5d41402abc4b2a76b9719d911017c592""#),
            (r#"md5("")"#, r#""d41d8cd98f00b204e9800998ecf8427e""#),
        ],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(hex::encode(Md5::digest(text(arguments, 0)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "sha1",
        docs: "The SHA-1 hash of the text, as UTF-8, in hexadecimal digits. Only for systems that ask for it.",
        examples: &[
            (r#"sha1("hello")"#, r#""aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d""#),
            (r#"sha1("")"#, r#""da39a3ee5e6b4b0d3255bfef95601890afd80709""#),
        ],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(hex::encode(Sha1::digest(text(arguments, 0)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "sha256",
        docs: "The SHA-256 hash of the text, as UTF-8, in hexadecimal digits.",
        examples: &[
            (r#"sha256("hello")"#, r#""2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824""#),
            (r#"substring(sha256("shop-prod"), 0, 8)"#, r#""587d35c6""#),
        ],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(hex::encode(Sha256::digest(text(arguments, 0)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "sha512",
        docs: "The SHA-512 hash of the text, as UTF-8, in hexadecimal digits.",
        examples: &[
            (r#"length(sha512("hello"))"#, "128"),
            (r#"substring(sha512("hello"), 0, 16)"#, r#""9b71d224bd62f378""#),
        ],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(hex::encode(Sha512::digest(text(arguments, 0)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "sha256_base64",
        docs: "The SHA-256 hash of the text, as UTF-8, in base64.",
        examples: &[
            (r#"sha256_base64("hello")"#, r#""LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=""#),
            (r#"length(sha256_base64(""))"#, "44"),
        ],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(STANDARD.encode(Sha256::digest(text(arguments, 0)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "sha512_base64",
        docs: "The SHA-512 hash of the text, as UTF-8, in base64.",
        examples: &[
            (r#"length(sha512_base64("hello"))"#, "88"),
            (r#"substring(sha512_base64("hello"), 0, 8)"#, r#""m3HSJL1i""#),
        ],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(STANDARD.encode(Sha512::digest(text(arguments, 0)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "file_sha256",
        docs: "The SHA-256 hash of a file of the module, in hexadecimal digits: changes whenever the file does. Works with any bytes.",
        examples: &[
            (
                r#"file_sha256("files/motd.txt")"#,
                r#""5b4015cb69e4f8cac6bc96c663f9317550ab6e6e3dc3533fdd69df9d5088e79f""#,
            ),
            (r#"file_sha256("files/motd.txt") == sha256(file("files/motd.txt"))"#, "true"),
        ],
        parameters: &[required("path", Shape::String)],
        call: |environment, arguments| Ok(Value::string(hex::encode(Sha256::digest(read(environment, arguments)?)))),
        ..GROUP
    },
    LibraryFunction {
        name: "file_sha256_base64",
        docs: "The SHA-256 hash of a file of the module, in base64. Works with any bytes.",
        examples: &[
            (r#"length(file_sha256_base64("files/motd.txt"))"#, "44"),
            (r#"file_sha256_base64("files/motd.txt") == sha256_base64(file("files/motd.txt"))"#, "true"),
        ],
        parameters: &[required("path", Shape::String)],
        call: |environment, arguments| {
            Ok(Value::string(STANDARD.encode(Sha256::digest(read(environment, arguments)?))))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "uuid_v5",
        docs: "The UUID that the name has in the namespace: the same for the same arguments, always. The namespace is `\"dns\"`, `\"url\"`, `\"oid\"`, `\"x500\"` or a UUID.",
        examples: &[
            (r#"uuid_v5("dns", "example.com")"#, r#""cfbff0d1-9375-5685-968c-48ce8b15ae17""#),
            (r#"uuid_v5(uuid_v5("dns", "example.com"), "shop")"#, r#""4073f702-b930-574d-ba4c-151e2d1bba66""#),
        ],
        parameters: &[required("namespace", Shape::String), required("name", Shape::String)],
        call: |_, arguments| {
            let (namespace, name) = (namespace(text(arguments, 0)?)?, text(arguments, 1)?);
            let digest = Sha1::new().chain_update(namespace.as_bytes()).chain_update(name).finalize();
            let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
            Ok(Value::string(uuid::Builder::from_sha1_bytes(bytes).into_uuid().to_string()))
        },
        ..GROUP
    },
];

fn namespace(text: &str) -> Result<Uuid, FunctionError> {
    match text {
        "dns" => Ok(Uuid::NAMESPACE_DNS),
        "url" => Ok(Uuid::NAMESPACE_URL),
        "oid" => Ok(Uuid::NAMESPACE_OID),
        "x500" => Ok(Uuid::NAMESPACE_X500),
        other => Uuid::parse_str(other).map_err(|_| {
            FunctionError::of(0, format!("`{other}` is no namespace"))
                .help("write `\"dns\"`, `\"url\"`, `\"oid\"`, `\"x500\"` or a UUID")
        }),
    }
}
