//! What a witness remembers, in a directory.
//!
//! ```text
//! witness.json          format, name, the logs and their keys
//! key                   the cosigning key, mode 0600
//! lock                  held while it serves or is changed
//! logs/ORIGIN-HASH/
//!   state.json          the checkpoint that it cosigned last, and when: written before a cosignature leaves
//!   seen/SIZE           every checkpoint that it cosigned
//!   evidence/….json     fork evidence that a third person can verify
//!   suspicious/…        signed checkpoints whose consistency nobody proved
//! ```
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | `add-log`: `state.json` | a log that nobody lists | `add-log` again finds it and goes on |
//! | `state.json` | a state whose cosignature never left | the log asks again and gets one |
//! | `seen/SIZE` | everything | nothing is to do |

use super::files;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tidegate_log::{Checkpoint, Verifier, WitnessSigner};
use tidegate_terms::{Digest, messages};

const FORMAT: u32 = 1;

messages! {
    /// Why a witness does not start.
    pub enum WitnessStateError {
        Exists { path: String } = "witness.exists" {
            en: "`{path}` exists already: name a directory that does not exist yet",
            zh: "“{path}”已存在：请指定一个尚不存在的目录",
        },
        NotAWitness { path: String } = "witness.missing" {
            en: "`{path}` is no witness: make one with `tidegate witness init {path} --name NAME`, or restore it; a witness that lost its state must not begin anew under its old key",
            zh: "“{path}”不是见证方目录：请用 `tidegate witness init {path} --name 名称` 新建或从备份恢复；丢失状态的见证方不得沿用旧密钥重新开始",
        },
        Format { path: String } = "witness.format" {
            en: "`{path}` was made by another version or is damaged: use the program that made it, or restore it",
            zh: "“{path}”由其他版本创建或已损坏：请使用创建它的程序，或从备份恢复",
        },
        Locked { path: String } = "witness.locked" {
            en: "the witness `{path}` is in use by another process: stop that one first",
            zh: "见证方“{path}”正被另一进程使用：请先停止该进程",
        },
        Name { name: String } = "witness.name" {
            en: "`{name}` cannot name a witness: use a host name and path such as witness.example.gov/w1, without spaces or plus signs",
            zh: "“{name}”不能作为见证方名称：请使用主机名加路径，例如 witness.example.gov/w1，不含空格和加号",
        },
        LogKey = "witness.log-key" {
            en: "the log's key cannot be read: give the whole verifier key, as name+hash+base64",
            zh: "无法读取日志密钥：请完整给出核验公钥，形式为 名称+哈希+base64",
        },
        StateLost { origin: String } = "witness.state-lost" {
            en: "what this witness cosigned for `{origin}` is lost: restore its directory; if that is impossible, retire this key and make a new witness, because beginning anew could cosign a second history",
            zh: "本见证方对“{origin}”的联署记录已丢失：请恢复其目录；若无法恢复，请停用此密钥并新建见证方，因为重新开始可能联署另一段历史",
        },
        StateOld { origin: String, seen: u64, held: u64 } = "witness.state-old" {
            en: "this witness cosigned {seen} entries of `{origin}`, but its state says {held}: it is an older backup; restore the newest one",
            zh: "本见证方曾联署“{origin}”的 {seen} 条，而状态只记录 {held} 条：这是较旧的备份，请恢复最新备份",
        },
        Files { path: String, detail: String } = "witness.files" {
            en: "cannot use `{path}`: {detail}",
            zh: "无法使用“{path}”：{detail}",
        },
    }
}

impl WitnessStateError {
    fn files(path: &Path, error: &io::Error) -> Self {
        Self::Files { path: path.display().to_string(), detail: error.to_string() }
    }
}

/// A log that a witness knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownLog {
    origin: String,
    /// Verifier keys, more than one while a log changes its key.
    keys: Vec<String>,
    /// Where it is published, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    name: String,
    logs: Vec<KnownLog>,
}

/// What was cosigned last of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cosigned {
    /// Entries; 0 if nothing was cosigned yet.
    pub(super) size: u64,
    pub(super) root: Digest,
    /// The time of the last cosignature, in seconds since 1970.
    pub(super) time: u64,
    /// The checkpoint with the log's signature and ours; empty if nothing was cosigned yet.
    pub(super) note: String,
}

/// The memory of one log.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) directory: PathBuf,
    pub(super) verifiers: Vec<Verifier>,
    pub(super) last: Cosigned,
}

/// An open witness.
#[derive(Debug)]
pub struct Witness {
    pub(super) signer: WitnessSigner,
    pub(super) logs: BTreeMap<String, Mutex<Memory>>,
    pub(super) clock: fn() -> u64,
    directory: PathBuf,
    header: Header,
    _lock: File,
}

/// A log as a witness shows it.
#[derive(Debug, Clone, Serialize)]
pub struct LogView {
    /// Its origin.
    pub origin: String,
    /// Its verifier keys.
    pub keys: Vec<String>,
    /// Where it is published.
    pub url: Option<String>,
    /// The size that was cosigned last; 0 for none.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// When, in seconds since 1970.
    pub time: u64,
    /// The note with the cosignature.
    pub checkpoint: String,
    /// Files of fork evidence.
    pub evidence: Vec<PathBuf>,
    /// Signed checkpoints whose consistency nobody proved.
    pub suspicious: Vec<PathBuf>,
}

/// A witness as it shows itself.
#[derive(Debug, Clone, Serialize)]
pub struct WitnessView {
    /// Its verifier key.
    pub vkey: String,
    /// The logs that it knows.
    pub logs: Vec<LogView>,
}

fn system_clock() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Witness {
    /// Makes a witness with a new key, knowing no log: everything in a directory beside it, then one rename.
    pub fn create(directory: &Path, name: &str) -> Result<WitnessView, WitnessStateError> {
        if directory.exists() {
            return Err(WitnessStateError::Exists { path: directory.display().to_string() });
        }
        let (signer, secret) = WitnessSigner::generate(name).map_err(|_| WitnessStateError::Name { name: name.to_owned() })?;
        let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let beside = parent.join(format!(".tidegate-witness-{}", Digest::of(secret.as_bytes()).short()));
        let make = || {
            DirBuilder::new().mode(0o700).create(&beside)?;
            fs::create_dir(beside.join("logs"))?;
            files::write(&beside.join("key"), format!("{secret}\n").as_bytes())?;
            files::write(&beside.join("lock"), b"")?;
            let header = Header { format: FORMAT, name: name.to_owned(), logs: Vec::new() };
            files::write(&beside.join("witness.json"), &serde_json::to_vec_pretty(&header)?)?;
            fs::rename(&beside, directory)?;
            files::sync(parent)
        };
        make().map_err(|error: io::Error| {
            let _ = fs::remove_dir_all(&beside);
            WitnessStateError::files(directory, &error)
        })?;
        Ok(WitnessView { vkey: signer.witness().to_string(), logs: Vec::new() })
    }

    /// Opens a witness for this process alone, and checks that its memory is whole.
    pub fn open(directory: &Path) -> Result<Self, WitnessStateError> {
        Self::open_with(directory, system_clock)
    }

    pub(super) fn open_with(directory: &Path, clock: fn() -> u64) -> Result<Self, WitnessStateError> {
        let (path, not_one) =
            (directory.display().to_string(), |_| WitnessStateError::NotAWitness { path: directory.display().to_string() });
        let header = fs::read(directory.join("witness.json")).map_err(not_one)?;
        let lock = File::open(directory.join("lock")).map_err(not_one)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(WitnessStateError::Locked { path }),
            Err(TryLockError::Error(error)) => return Err(WitnessStateError::files(directory, &error)),
        }
        let format = || WitnessStateError::Format { path: path.clone() };
        let header: Header = serde_json::from_slice(&header).map_err(|_| format())?;
        let secret = fs::read_to_string(directory.join("key")).map_err(not_one)?;
        let signer = WitnessSigner::parse(&secret).map_err(|_| format())?;
        if header.format != FORMAT || signer.witness().name() != header.name {
            return Err(format());
        }
        let mut logs = BTreeMap::new();
        for log in &header.logs {
            let memory = Memory::open(&log_directory(directory, &log.origin), log).map_err(|error| error.unwrap_or_else(format))?;
            logs.insert(log.origin.clone(), Mutex::new(memory));
        }
        Ok(Self { signer, logs, clock, directory: directory.to_owned(), header, _lock: lock })
    }

    /// Lets the witness know a log, or another key of one that it knows.
    pub fn add_log(&mut self, vkey: &str, url: Option<String>) -> Result<(), WitnessStateError> {
        let verifier = Verifier::parse(vkey.trim()).map_err(|_| WitnessStateError::LogKey)?;
        let (origin, key) = (verifier.name().to_owned(), verifier.to_string());
        let directory = log_directory(&self.directory, &origin);
        let failed = |error: io::Error| WitnessStateError::files(&directory, &error);
        match self.header.logs.iter_mut().find(|log| log.origin == origin) {
            Some(log) => {
                if !log.keys.contains(&key) {
                    log.keys.push(key);
                }
                log.url = url.or(log.url.take());
            }
            None => {
                for part in ["seen", "evidence", "suspicious"] {
                    fs::create_dir_all(directory.join(part)).map_err(failed)?;
                }
                if files::read(&directory.join("state.json")).map_err(failed)?.is_none() {
                    let nothing = Cosigned { size: 0, root: tidegate_log::empty_root(), time: 0, note: String::new() };
                    write_state(&directory, &nothing).map_err(failed)?;
                    files::sync(&self.directory.join("logs")).map_err(failed)?;
                }
                self.header.logs.push(KnownLog { origin, keys: vec![key], url });
            }
        }
        let header = serde_json::to_vec_pretty(&self.header).unwrap_or_default();
        files::write(&self.directory.join("witness.json"), &header).map_err(failed)
    }

    /// What a witness shows of itself, also while another process serves it.
    pub fn read(directory: &Path) -> Result<WitnessView, WitnessStateError> {
        let path = directory.display().to_string();
        let not_one = |_| WitnessStateError::NotAWitness { path: path.clone() };
        let format = || WitnessStateError::Format { path: path.clone() };
        let header = fs::read(directory.join("witness.json")).map_err(not_one)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| format())?;
        let secret = fs::read_to_string(directory.join("key")).map_err(not_one)?;
        let signer = WitnessSigner::parse(&secret).map_err(|_| format())?;
        Ok(view_of(directory, &header, &signer))
    }

    /// Its key, its logs, and what it cosigned last of each.
    pub fn view(&self) -> WitnessView {
        view_of(&self.directory, &self.header, &self.signer)
    }
}

fn view_of(directory: &Path, header: &Header, signer: &WitnessSigner) -> WitnessView {
    let view = |log: &KnownLog| {
        let directory = log_directory(directory, &log.origin);
        let last = read_state(&directory).ok().flatten();
        let last = last.unwrap_or(Cosigned { size: 0, root: tidegate_log::empty_root(), time: 0, note: String::new() });
        LogView {
            origin: log.origin.clone(),
            keys: log.keys.clone(),
            url: log.url.clone(),
            size: last.size,
            root: last.root,
            time: last.time,
            checkpoint: last.note,
            evidence: kept_files(&directory.join("evidence")),
            suspicious: kept_files(&directory.join("suspicious")),
        }
    };
    WitnessView { vkey: signer.witness().to_string(), logs: header.logs.iter().map(view).collect() }
}

fn kept_files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| !path.ends_with(".tmp")).collect();
    paths.sort();
    paths
}

/// The hexadecimal SHA-256 of an origin: origins are paths, and must not be ones here.
pub(super) fn origin_hash(origin: &str) -> String {
    Digest::of(origin.as_bytes()).to_string()
}

fn log_directory(directory: &Path, origin: &str) -> PathBuf {
    directory.join("logs").join(origin_hash(origin))
}

fn read_state(directory: &Path) -> io::Result<Option<Cosigned>> {
    Ok(files::read(&directory.join("state.json"))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

pub(super) fn write_state(directory: &Path, state: &Cosigned) -> io::Result<()> {
    files::write(&directory.join("state.json"), &serde_json::to_vec_pretty(state)?)
}

impl Memory {
    /// `Err(None)`: the configuration is damaged.
    fn open(directory: &Path, log: &KnownLog) -> Result<Self, Option<WitnessStateError>> {
        let lost = || WitnessStateError::StateLost { origin: log.origin.clone() };
        let failed = |error: io::Error| WitnessStateError::files(directory, &error);
        let verifiers: Option<Vec<Verifier>> = log.keys.iter().map(|key| Verifier::parse(key).ok()).collect();
        let verifiers = verifiers.filter(|keys| keys.iter().all(|key| key.name() == log.origin)).ok_or(None)?;
        let last = read_state(directory).map_err(failed)?.ok_or_else(lost)?;
        let seen = fs::read_dir(directory.join("seen")).map_err(|_| lost())?.flatten();
        let seen = seen.filter_map(|entry| entry.file_name().to_str()?.parse::<u64>().ok()).max().unwrap_or(0);
        if seen > last.size {
            return Err(Some(WitnessStateError::StateOld { origin: log.origin.clone(), seen, held: last.size }));
        }
        if last.size > 0 {
            let signed = verifiers.iter().find_map(|key| Checkpoint::verify(last.note.as_bytes(), key).ok());
            signed.filter(|head| (head.size, head.root) == (last.size, last.root)).ok_or_else(lost)?;
        }
        Ok(Self { directory: directory.to_owned(), verifiers, last })
    }

    /// The checkpoint of a size that was cosigned.
    pub(super) fn seen(&self, size: u64) -> Option<String> {
        if size == self.last.size {
            return Some(self.last.note.clone()).filter(|note| !note.is_empty());
        }
        let note = files::read(&self.directory.join("seen").join(size.to_string())).ok().flatten()?;
        String::from_utf8(note).ok()
    }

    /// Keeps a file that is named by its content; one that is there already stays.
    pub(super) fn keep(&self, part: &str, name: &str, content: &str) -> io::Result<()> {
        let path = self.directory.join(part).join(name);
        if path.exists() { Ok(()) } else { files::write(&path, content.as_bytes()) }
    }
}
