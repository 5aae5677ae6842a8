//! Bars with intervals, as SVG: text escaped, no scripts, no external resource.

use crate::table::{Table, number};

/// More bars than this are left to the tables.
const BARS_MAX: usize = 60;
const ROW: f64 = 24.0;
const LEFT: f64 = 260.0;
const WIDTH: f64 = 900.0;
const TOP: f64 = 46.0;

/// Text for XML and HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn short(text: &str) -> String {
    if text.chars().count() <= 34 { text.to_owned() } else { text.chars().take(33).chain(['…']).collect() }
}

/// A number for the eye.
pub(crate) fn rounded(value: f64) -> String {
    if value.abs() >= 1e6 || (value != 0.0 && value.abs() < 1e-3) {
        format!("{value:.3e}")
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}

/// The chart of a table.
pub(crate) fn svg(table: &Table) -> String {
    let bars = &table.bars[..table.bars.len().min(BARS_MAX)];
    let ends = |at: usize| {
        bars.iter().flat_map(move |bar| [bar.value, bar.interval.map_or(bar.value, |ends| if at == 0 { ends.0 } else { ends.1 })])
    };
    let finite = |value: &f64| value.is_finite();
    let lowest = ends(0).filter(finite).fold(0.0, f64::min);
    let highest = ends(1).filter(finite).fold(0.0, f64::max);
    let span = if highest - lowest > 0.0 { highest - lowest } else { 1.0 };
    let place = |value: f64| LEFT + (WIDTH - LEFT - 110.0) * ((value.clamp(lowest, highest) - lowest) / span);
    let height = TOP + ROW * bars.len() as f64 + 64.0;
    let notice: Vec<String> = table.notice.iter().map(|notice| format!("{} ({})", notice.source, notice.acquired)).collect();
    let notice = notice.join("; ");
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" \
         font-family=\"Noto Sans CJK SC, Microsoft YaHei, sans-serif\" font-size=\"13\">\n<title>{title}</title>\n<desc>{remark} \
         {notice}</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"12\" y=\"26\" font-size=\"17\" \
         fill=\"#1b2b3a\">{title}</text>\n",
        title = escaped(&table.title),
        remark = escaped(&table.remark.0),
        notice = escaped(&notice),
    );
    for (row, bar) in bars.iter().enumerate() {
        let middle = TOP + ROW * (row as f64 + 0.5);
        let (from, to) = (place(0.0).min(place(bar.value)), place(0.0).max(place(bar.value)));
        out.push_str(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\" fill=\"#333333\">{label}</text>\n<rect x=\"{from:.1}\" y=\"{top:.1}\" \
             width=\"{wide:.1}\" height=\"14\" fill=\"#5b8fb9\"><title>{label}: {value}</title></rect>\n",
            x = LEFT - 8.0,
            y = middle + 4.5,
            top = middle - 7.0,
            wide = (to - from).max(0.5),
            label = escaped(&short(&bar.label)),
            value = number(bar.value),
        ));
        let mut end = to;
        if let Some((lower, upper)) = bar.interval {
            let (left, right) = (place(lower), place(upper));
            end = end.max(right);
            out.push_str(&format!(
                "<path d=\"M{left:.1} {middle:.1}H{right:.1}M{left:.1} {a:.1}V{b:.1}M{right:.1} {a:.1}V{b:.1}\" stroke=\"#b3412e\" \
                 stroke-width=\"1.5\" fill=\"none\"/>\n",
                a = middle - 4.0,
                b = middle + 4.0,
            ));
        }
        let text = rounded(bar.value);
        out.push_str(&format!("<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#333333\">{text}</text>\n", end + 6.0, middle + 4.5));
    }
    let zero = place(0.0);
    let bottom = TOP + ROW * bars.len() as f64;
    out.push_str(&format!("<path d=\"M{zero:.1} {TOP}V{bottom:.1}\" stroke=\"#333333\" fill=\"none\"/>\n"));
    let left_out = table.bars.len() - bars.len();
    if left_out > 0 {
        out.push_str(&format!("<text x=\"12\" y=\"{:.1}\" fill=\"#666666\">+ {left_out} (CSV)</text>\n", bottom + 18.0));
    }
    out.push_str(&format!(
        "<text x=\"12\" y=\"{:.1}\" font-size=\"11\" fill=\"#666666\">Source / 来源: {}</text>\n</svg>\n",
        bottom + 40.0,
        escaped(&notice)
    ));
    out
}
