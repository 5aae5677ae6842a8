//! The shape of shards: what follows from the public schema alone.
//!
//! A shard is, in little-endian order: a header (see [`Header`]); then its units by ascending hash, each as
//! 16 bytes of hash, a u32 with the length of the rest, and the rest: for each table of the schema a u32 with
//! its number of rows and, if there are any, for each column a flag byte (1: a bitmap of missing rows
//! follows, first row in the lowest bit), the bitmap, and the values. Values have a fixed width; texts stand
//! as u32 total length, one u32 length for each row, and the bytes. Missing values are zeros.
//!
//! Units stand whole and next to each other, because a worker needs one unit at a time and all of it, and
//! nothing here depends on data but lengths. Rejected: Parquet or Arrow files per shard (column-major: a unit
//! would have to be gathered from row ranges of every column, and two tables from two files).

use crate::{ShardError, UnitHash};
use tidegate_terms::{Column, ColumnType, Digest, Name, PublicSchema, Table};

/// No shard is longer than this: readers hold a shard whole in memory.
pub const SHARD_BYTES_MAX: u64 = 512 << 20;

pub(crate) const MAGIC: [u8; 8] = *b"TIDESHRD";
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 8 + 4 + 32 + 4 + 4 + 8 + 8;

/// The digest by which shards and manifests name the schema that they were written under.
pub fn schema_digest(schema: &PublicSchema) -> Digest {
    // A schema is plain data with string keys; serialising it cannot fail, and an empty digest matches none.
    Digest::of(&serde_json::to_vec(schema).unwrap_or_default())
}

/// What stands at the head of a shard, after the magic.
pub(crate) struct Header {
    pub schema: Digest,
    pub index: u32,
    pub count: u32,
    pub units: u64,
    pub rows: u64,
}

impl Header {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.schema.0);
        bytes.extend_from_slice(&self.index.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&self.units.to_le_bytes());
        bytes.extend_from_slice(&self.rows.to_le_bytes());
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, ShardError> {
        if cursor.take(8).ok() != Some(MAGIC.as_slice()) {
            return Err(ShardError::NotAShard);
        }
        let version = cursor.u32()?;
        if version != VERSION {
            return Err(ShardError::Version { version });
        }
        let schema = Digest(cursor.array()?);
        let header = Self {
            schema,
            index: cursor.u32()?,
            count: cursor.u32()?,
            units: u64::from_le_bytes(cursor.array()?),
            rows: u64::from_le_bytes(cursor.array()?),
        };
        if header.count.is_power_of_two() && header.index < header.count { Ok(header) } else { Err(cursor.malformed()) }
    }
}

/// How a column is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    Integer,
    Float,
    Text { bytes_max: u32 },
    Boolean,
    Date,
    Category { count: u32 },
}

impl Stored {
    /// How values of this column are stored.
    pub(crate) fn of(column: &Column) -> Self {
        match &column.kind {
            ColumnType::Integer { .. } => Self::Integer,
            ColumnType::Float { .. } => Self::Float,
            ColumnType::Text { bytes_max } => Self::Text { bytes_max: *bytes_max },
            ColumnType::Boolean {} => Self::Boolean,
            ColumnType::Date { .. } => Self::Date,
            ColumnType::Category { categories } => Self::Category { count: categories.len() as u32 },
        }
    }

    /// Bytes of one value; `None` for texts.
    pub(crate) fn width(self) -> Option<usize> {
        match self {
            Self::Integer | Self::Float => Some(8),
            Self::Date => Some(4),
            Self::Boolean => Some(1),
            Self::Category { count } if count <= 1 << 8 => Some(1),
            Self::Category { count } if count <= 1 << 16 => Some(2),
            Self::Category { .. } => Some(4),
            Self::Text { .. } => None,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct ColumnLayout {
    pub stored: Stored,
    pub nullable: bool,
}

pub(crate) struct TableLayout {
    pub rows_max: u32,
    pub columns: Vec<ColumnLayout>,
}

/// How each table of a schema is stored.
pub(crate) fn layout(schema: &PublicSchema) -> Vec<TableLayout> {
    let column = |column: &Column| ColumnLayout { stored: Stored::of(column), nullable: column.nullable };
    let table = |table: &Table| TableLayout { rows_max: table.rows_per_unit_max, columns: table.columns.iter().map(column).collect() };
    schema.tables.iter().map(table).collect()
}

/// The tables and columns that a reader decodes, as positions in the schema, in the order wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection(pub(crate) Vec<(usize, Vec<usize>)>);

impl Projection {
    /// These columns of these tables, each table and column at most once.
    pub fn new<'a>(schema: &PublicSchema, inputs: impl IntoIterator<Item = (&'a Name, &'a [Name])>) -> Result<Self, ShardError> {
        let mut tables: Vec<(usize, Vec<usize>)> = Vec::new();
        for (name, columns) in inputs {
            let table = schema.tables.iter().position(|table| table.name == *name).ok_or(ShardError::Projection)?;
            if tables.iter().any(|(other, _)| *other == table) {
                return Err(ShardError::Projection);
            }
            let mut positions = Vec::with_capacity(columns.len());
            for name in columns {
                let known = &schema.tables[table].columns;
                let column = known.iter().position(|column| column.name == *name).ok_or(ShardError::Projection)?;
                if positions.contains(&column) {
                    return Err(ShardError::Projection);
                }
                positions.push(column);
            }
            tables.push((table, positions));
        }
        Ok(Self(tables))
    }

    /// Nothing: for who only counts units.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Every column of every table, in the order of the schema.
    pub fn all(schema: &PublicSchema) -> Self {
        Self(schema.tables.iter().enumerate().map(|(index, table)| (index, (0..table.columns.len()).collect())).collect())
    }
}

/// A position in bytes that are not trusted: what is not there is an error, never a panic.
pub(crate) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], ShardError> {
        let end = self.at.checked_add(count).ok_or_else(|| self.malformed())?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| self.malformed())?;
        self.at = end;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ShardError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, ShardError> {
        self.array().map(u32::from_le_bytes)
    }

    #[inline]
    pub(crate) fn unit_hash(&mut self) -> Result<UnitHash, ShardError> {
        self.array().map(UnitHash)
    }

    #[cold]
    pub(crate) fn malformed(&self) -> ShardError {
        ShardError::Malformed { at: self.at as u64 }
    }
}
