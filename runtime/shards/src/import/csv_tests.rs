//! Blocks are cut at the ends of records whatever their size.

use super::*;
use tidegate_terms::Message as _;

fn cut(text: &[u8], block_bytes: usize) -> Result<(String, Vec<String>, Vec<u64>), ImportError> {
    let mut cutter = Cutter::new("f.csv", text, block_bytes);
    let header = cutter.header()?;
    let fields = split_header(&header).len() as u64;
    let (mut blocks, mut lines) = (Vec::new(), Vec::new());
    while let Some(block) = cutter.next(fields)? {
        lines.extend((0..block.records).map(|row| block.lines.of(row)));
        blocks.push(String::from_utf8_lossy(&block.bytes).into_owned());
    }
    Ok((header, blocks, lines))
}

#[test]
fn quotes_with_line_feeds_and_commas_are_never_cut() {
    let text = "a,b\n1,\"x\ny,\"\"z\"\"\n\"\n2,\"\"\r\n3,é\n\"4\",w";
    for block_bytes in 1..text.len() + 2 {
        let (header, blocks, lines) = cut(text.as_bytes(), block_bytes).expect("well formed");
        assert_eq!(header, "a,b");
        assert_eq!(blocks.concat(), format!("{}\n", &text[4..]), "{block_bytes}");
        assert_eq!(lines, [2, 5, 6, 7], "{block_bytes}");
    }
}

#[test]
fn each_defect_has_its_own_error_at_every_block_size() {
    let cases: [(&[u8], &str); 12] = [
        (b"", "import.file-empty"),
        (b"\xef\xbb\xbf", "import.file-empty"),
        (b"\n1,2\n", "import.no-header"),
        (b"\n\n", "import.no-header"),
        (b"a,b\n1\n", "import.ragged"),
        (b"a,b\n1,2,3\n", "import.ragged"),
        (b"a,b\n1,2\n3", "import.ragged"),
        (b"a,b\n1,2\n\n3,4\n", "import.ragged"),
        (b"a,b\n1,\"2\n3,4\n", "import.unclosed-quote"),
        (b"a,b\n1,x\"2\"\n", "import.stray-quote"),
        (b"a,b\n1,\"2\" \n", "import.stray-quote"),
        (b"a,b\n1,\xb1\xb1\n", "import.not-utf8"),
    ];
    for (text, code) in cases {
        for block_bytes in 1..text.len() + 2 {
            let error = cut(text, block_bytes).expect_err(code);
            assert_eq!(error.code(), code, "{} in blocks of {block_bytes}", String::from_utf8_lossy(text));
        }
    }
    let error = cut(b"a,b\n1,\xb1\xb1\n", 4).expect_err("not UTF-8");
    assert!(matches!(error, ImportError::NotUtf8 { byte: 6, .. }), "{error}");
    let error = cut("a,b\n1,é".as_bytes().split_last().expect("bytes").1, 64).expect_err("cut inside a character");
    assert!(matches!(error, ImportError::NotUtf8 { byte: 6, .. }), "{error}");
}

#[test]
fn blank_lines_at_the_end_and_a_byte_order_mark_are_nothing() {
    for block_bytes in 1..32 {
        let (header, blocks, lines) = cut(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n\n", block_bytes).expect("well formed");
        assert_eq!((header.as_str(), blocks.concat().as_str(), lines.as_slice()), ("a,b", "1,2\r\n", [2].as_slice()));
    }
    assert_eq!(cut(b"a,b", 8).expect("no rows").1.len(), 0);
}

#[test]
fn an_endless_record_is_refused_in_bounded_memory() {
    let mut text = b"a,b\n1,\"".to_vec();
    text.resize(RECORD_BYTES_MAX + (6 << 20), b'x');
    let error = cut(&text, BLOCK_BYTES).expect_err("too long");
    assert!(matches!(error, ImportError::RecordTooLong { line: 2, .. }), "{error}");
}

#[test]
fn headers_are_unquoted() {
    assert_eq!(split_header("\"a \"\"b\"\"\", c,\"d,e\""), ["a \"b\"", "c", "d,e"]);
}

#[test]
fn polars_reads_what_the_cutter_cut() {
    let bytes = "x^,\"a\nb\",1\r\n\u{feff},\"\"\"\",2\r\n,\" \",\"3\"\r\n".as_bytes().to_vec();
    let block = Block { bytes, records: 3, lines: Lines(vec![(0, 2)]) };
    let batch = parse("f.csv", block, &[2, 0, 1], 3).expect("well formed");
    let column = |index: usize| -> Vec<Option<String>> {
        let texts = batch.frame.columns()[index].str().expect("text");
        texts.iter().map(|text| text.map(str::to_owned)).collect()
    };
    let some = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned())).to_vec();
    assert_eq!(column(0), some(["1", "2", "3"]));
    assert_eq!(column(1), [Some("x^".to_owned()), Some("\u{feff}".to_owned()), None]);
    assert_eq!(column(2), some(["a\nb", "\"", " "]));
}
