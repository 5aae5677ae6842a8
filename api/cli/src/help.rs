//! Help in Chinese. The English stands in `args.rs`; a test checks that no command or option is missing here.

use crate::args::Arguments;
use clap::{Command, CommandFactory as _};
use tidegate_terms::Language;

/// The language of this call: `--lang`, else the environment's.
pub(crate) fn language_of_call() -> Language {
    let mut arguments = std::env::args();
    let tag = arguments.find_map(|argument| match argument.strip_prefix("--lang") {
        Some("") => Some(None),
        Some(rest) => rest.strip_prefix('=').map(|tag| Some(tag.to_owned())),
        None => None,
    });
    let named = tag.and_then(|tag| tag.or_else(|| arguments.next()));
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Language::of_tag(&named.or(locale).unwrap_or_default())
}

/// The command line with its help in a language.
pub(crate) fn localised(language: Language) -> Command {
    let command = Arguments::command();
    if language == Language::Chinese { translate(command, "") } else { command }
}

fn translate(command: Command, path: &str) -> Command {
    let own = if path.is_empty() { "tidegate".to_owned() } else { path.to_owned() };
    let names: Vec<_> = command.get_arguments().map(|argument| argument.get_id().clone()).collect();
    let mut command = match chinese(&own) {
        Some(text) => command.about(text),
        None => command,
    };
    for name in names {
        if let Some(text) = chinese(&format!("--{name}")) {
            command = command.mut_arg(name, |argument| argument.help(text));
        }
    }
    let children: Vec<_> = command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
    for child in children {
        let path = if path.is_empty() { child.clone() } else { format!("{path} {child}") };
        command = command.mut_subcommand(child, |command| translate(command, &path));
    }
    command
}

fn chinese(key: &str) -> Option<&'static str> {
    CHINESE.iter().find(|(known, _)| *known == key).map(|(_, text)| *text)
}

/// Commands by their path, options by their name.
const CHINESE: &[(&str, &str)] = &[
    ("tidegate", "潮闸：代码进来，数据不动，只有标明隐私价格的数字可以出去"),
    ("init", "新建数据域"),
    ("dataset", "挂载与查看数据集"),
    ("dataset add", "将文件挂载为数据集的下一个版本"),
    ("dataset mock", "按公开模式写出模拟数据文件"),
    ("dataset list", "列出数据集"),
    ("dataset show", "查看数据集的申报界限"),
    ("dataset overlap", "查看与其他谱系重合的单元数（含精确计数，仅供主管部门）"),
    ("dataset report", "查看导入报告（含精确计数，仅供数据提供部门）"),
    ("grant", "授予、列出与撤销授权"),
    ("grant add", "授权运营机构使用数据集"),
    ("grant list", "列出授权"),
    ("grant revoke", "撤销授权"),
    ("key", "生成签名密钥"),
    ("key new", "生成 Ed25519 密钥对：文件 与 文件.pub"),
    ("model", "新建、检查、签署、上传与试运行模型"),
    ("model new", "新建 Rust 模型"),
    ("model build", "将 Rust 模型构建为 model.wasm"),
    ("model check", "按上传关口的规则检查模型"),
    ("model sign", "将组件与清单一并封签"),
    ("model upload", "上传已封签的模型"),
    ("model approve", "批准已上传的模型制作数据集的精确表格"),
    ("model list", "列出已上传的模型"),
    ("model dry-run", "在模拟数据上试运行模型并显示全部细节"),
    ("quote", "在花费任何预算之前报价"),
    ("run", "在数据集上运行模型"),
    ("release", "查看发布结果"),
    ("release show", "查看某次运行的发布结果"),
    ("budget", "查看预算账户"),
    ("budget show", "查看数据集所用的账户"),
    ("audit", "核验、镜像与比对日志"),
    ("audit verify", "离线核验已公布的日志"),
    ("audit search", "按机构、数据集、模型、运行或时间查找条目，各附证明"),
    ("audit explain", "解释一次运行：主体、内容、授权与条款、价格与噪声"),
    ("audit export", "写出检查或年报用的卷宗"),
    ("audit open", "向有权阅读者开示日志中的承诺（由数据域执行）"),
    ("audit check-opening", "离线对照日志核验开示文件"),
    ("--proofs", "将每个条目及其证明写入此目录"),
    ("--opening", "该运行结果的开示文件（来自 audit open）：同时显示已发布的数值"),
    ("--since", "首日 YYYY-MM-DD；audit consistency 中为此前留存的检查点文件"),
    ("--year", "整年"),
    ("--entry", "条目序号"),
    ("--field", "承诺名称，例如 release_commitment"),
    ("--role", "阅读者的角色"),
    ("--organisation", "机构"),
    ("--module", "模型：名称或摘要开头"),
    ("--kind", "条目类别，例如 reserve 或 release"),
    ("log rotate-key", "为日志更换签名密钥；新旧密钥在一段时间内同时签名"),
    ("--overlap_days", "新旧密钥同时签名的天数"),
    ("bench slots", "测量结果是否都在其时段可见：有无耗尽燃料的目标各半"),
    ("bench serve", "测量服务：在受治理的数据域上以大量并发客户端施压，与空白服务并列，并核对预算分毫不差"),
    ("--seconds", "客户端施压的秒数"),
    ("--clients", "并发客户端数"),
    ("bench walls", "测量防护墙的代价：有无防护墙的诚实运行交替进行（须用 tests/weakened 的构建）"),
    ("--run_count", "含目标的运行数；不含目标的同样多"),
    ("--domain_count", "同时使用的数据域数；其运行共用本机"),
    ("bench hostile", "在同一安装中进行数百万次恶意调用，测量其遗留影响"),
    ("--calls", "恶意调用次数；目标针对 10000000 次"),
    ("--pairs", "前后各进行多少对诚实运行，取中位数"),
    ("bench log", "测量日志：与裸磁盘并列的持久追加，以及核验一百万条"),
    ("--entries", "被核验日志的条数；目标针对 1000000 条"),
    ("audit pull", "从地址或目录保存经核验的日志副本"),
    ("audit consistency", "判断日志是否延续此前留存的检查点"),
    ("audit fork-evidence", "判断同一日志的两个已签名检查点是否矛盾，并制作证据"),
    ("serve", "通过 HTTP 提供受治理数据域的服务"),
    ("call", "调用服务的任一操作"),
    ("--tls_certificate", "服务的证书（PEM）；没有证书时仅服务本机"),
    ("--tls_key", "证书的私钥（PEM）"),
    ("--client_authority", "客户端可出示其所签证书的签发机构（PEM）"),
    ("--client_needed", "没有此类证书者一律不得连接"),
    ("--host_name", "服务据以应答的名称；可给出多次"),
    ("--rate", "单个地址及单个凭证每分钟的请求上限"),
    ("--server", "询问该服务，而非本机的数据域"),
    ("--token", "存有服务令牌的文件"),
    ("--sign_key", "运营机构的私钥，用于对具有约束力的请求签名"),
    ("--server_ca", "签发服务证书的机构证书（PEM）"),
    ("--operation", "操作，例如 `datasets.list`；未指定时列出全部"),
    ("--input_file", "操作的输入（JSON 文件）；`-` 为读取标准输入"),
    ("--call_fields", "输入的字段；不是 JSON 的值视为文本"),
    ("--if_match", "须存在的版本"),
    ("--idempotency_key", "使其只执行一次的键"),
    ("--describe", "只显示该操作的输入与输出"),
    ("log", "公布与管理数据域的日志"),
    ("log serve", "通过 HTTP 以静态文件提供已公布的日志"),
    ("log witness", "联署本域日志的见证方"),
    ("log witness add", "此后将日志检查点发送给某见证方"),
    ("log witness list", "列出见证方及其联署时间"),
    ("log witness remove", "不再询问某见证方"),
    ("witness", "为他人的日志担任见证方"),
    ("witness init", "新建见证方：密钥与空白记录"),
    ("witness add-log", "让见证方认识一个日志，或其另一密钥"),
    ("witness serve", "通过 HTTP 提供见证服务"),
    ("witness show", "查看见证方的公钥、日志及最近联署的检查点"),
    ("product", "登记、交付、签收、核验与追溯数据产品"),
    ("product policy", "查看或决定对产品登记与交付的要求"),
    ("product register", "申请登记产品"),
    ("product accept", "受理登记申请"),
    ("product review", "通过形式审核"),
    ("product notice", "开始公示"),
    ("product code", "赋码"),
    ("product refuse", "不予登记，须说明理由"),
    ("product object", "在公示期内记录实名异议及其证据"),
    ("product decide", "裁定未决的异议"),
    ("product withdraw", "登记主体注销登记"),
    ("product revoke", "登记机构撤销登记"),
    ("product list", "列出产品"),
    ("product show", "查看产品"),
    ("product terms", "输出使用条款，供接收方确认"),
    ("product acknowledgement", "接收方签署使用条款确认书"),
    ("product acknowledge", "记录接收方签署的确认书"),
    ("product deliver", "制作并记录交付接收方的产品包"),
    ("product receipt", "接收方签署产品包回执"),
    ("product receive", "记录接收方签署的回执"),
    ("product verify", "仅凭公钥离线核验产品包"),
    ("product trace", "由任一已交付文件追溯来源"),
    ("product export", "输出登记所需的七类材料"),
    ("product keys", "查看或更新签署产品包的密钥"),
    ("audit replay", "在数据域内重新执行过去的一次运行或某期间的运行，并与日志比对"),
    ("audit check-certificate", "离线核验销毁证明"),
    ("dataset seal", "封存数据集版本：不得用于新的运行，也不得销毁"),
    ("dataset unseal", "解除封存"),
    ("dataset destroy", "永久销毁数据集版本的数据，并出具销毁证明"),
    ("dataset certificate", "查看销毁证明；--json 输出可转交的文件"),
    ("dataset usage", "查看数据集使用日志：应用场景、应用成效、使用过程、存储情况、销毁情况"),
    ("release effect", "填报应用成效"),
    ("govern", "将数据域纳入治理"),
    ("govern init", "确立数据域的治理：登记主管部门与保管方，各发一个令牌"),
    ("govern recover", "为令牌均已失效的账号签发七日令牌，并通知监管各方；该账号此前的凭证全部失效"),
    ("incident", "查看冻结谱系的事件并作出决定"),
    ("incident list", "列出事件"),
    ("incident show", "查看事件及其原因，仅供主管部门：可能取决于数据"),
    ("incident close", "关闭事件：其谱系可再读取；其运行仍为停止"),
    ("--incident", "事件编号"),
    ("domain", "保存与清除记录"),
    ("domain retention", "查看或延长记录保存年限"),
    ("domain purge", "清除已满保存年限的记录；日志条目不清除"),
    ("demo", "在临时数据域中用真实数据走完全程"),
    ("doctor", "查看本机的防护墙并尝试突破；校准时段"),
    ("conformance", "对本安装发起攻击样例集；每一个都必须失败"),
    ("--list", "只列出攻击，不发起"),
    ("bench", "测量本机速度"),
    ("bench utility", "测量答案的优劣：误差、区间与比较，各附目标"),
    ("bench models", "运行全部示例模型，与无隐私保护的结果并列"),
    ("completions", "输出命令行补全脚本"),
    ("--calibrate", "先测量本机，使时段由实测得出；有数据域时写入日志"),
    ("--domain", "数据域目录"),
    ("--json", "以 JSON 输出"),
    ("--lang", "文本语言：en 或 zh"),
    ("--origin", "日志来源名：主机名加路径"),
    ("--name", "数据集名称"),
    ("--schema", "公开数据模式（TOML）"),
    ("--policy", "发布策略（TOML）"),
    ("--data", "CSV 或 Parquet 文件；多个表时写明表名。bench 中为 gen_scale.py 所生成文件的目录，bench log 中为待测磁盘上的目录"),
    ("--dataset", "数据集"),
    ("--operator", "运营机构"),
    ("--operator_key", "运营机构公钥（.pub 文件）"),
    ("--columns", "列，写作 表.列，以逗号分隔"),
    ("--purpose", "用途"),
    ("--epsilon", "隐私预算 epsilon（按数据集的 delta）；精确表格不给"),
    ("--from", "首日 YYYY-MM-DD，默认今天；audit pull 中为日志的地址或目录"),
    ("--until", "末日 YYYY-MM-DD"),
    ("--grant", "授权编号"),
    ("--reason", "理由"),
    ("--file", "文件位置：新建密钥时为私钥文件，核验时为销毁证明"),
    ("--directory", "目录（模型目录含 manifest.toml、model.wasm 与 seal.json）"),
    ("--component", "组件文件（默认 model.wasm）"),
    ("--seal", "封签文件（默认 seal.json）"),
    ("--key", "签署或批准时为私钥文件；核验时为另行取得的核验公钥"),
    ("--out", "写出的文件或目录；已有文件不会被覆盖"),
    ("--units", "模拟单元数"),
    ("--seed", "模拟数据的种子"),
    ("--parameters", "参数，写作 名称=值"),
    ("--version", "版本；默认最新"),
    ("--model", "模型：名称或摘要开头"),
    ("--join", "要联接的第二个数据集"),
    ("--side_tables", "公共附表（CSV），写作 名称=文件"),
    ("--wish", "统计量及期望的 95 % 误差，写作 统计量=误差：说明所需的 epsilon"),
    ("--round", "其中一轮；默认最后一轮"),
    ("--workers", "工作进程数；默认每核一个"),
    ("--run", "运行编号"),
    ("--since", "期间首日 YYYY-MM-DD"),
    ("--sample", "从期间内随机抽取的运行数；默认全部"),
    ("--asker", "由谁提出；日志只存其承诺"),
    ("--log", "日志目录"),
    ("--authority", "主管部门：含 `account`、`pack` 与 `[organisation]` 的 TOML 文件"),
    ("--custodian", "保管方：含 `account` 与 `[organisation]` 的 TOML 文件"),
    ("--account", "账号编号"),
    ("--tokens", "令牌写入的目录：authority.token 与 custodian.token，恢复时为 recovery.token；仅所有者可读"),
    ("--witness", "监销人"),
    ("--csv", "以 CSV 输出"),
    ("--years", "年限；至少 3 年，不得缩短"),
    ("--before", "保留的首日 YYYY-MM-DD；此前的记录将被清除"),
    ("--text", "说明；日志只存其承诺，内容仅由数据域保存"),
    ("--keep", "将数据域保留在此目录（须不存在）"),
    ("--small", "不测一千万行的文件"),
    ("--rounds", "测量轮数；取中位数"),
    ("--only", "只测其中一部分"),
    ("--draws", "每个统计量的抽取次数"),
    ("--markdown", "输出 docs/models.md 的内容"),
    ("--shell", "命令行外壳"),
    ("--listen", "监听地址；端口 0 表示任选空闲端口"),
    ("--url", "网络地址"),
    ("--witness_name", "见证方名称：主机名加路径"),
    ("--witnesses", "见证方核验公钥；显示其联署时间"),
    ("--quorum", "至少须有多少个见证方联署；默认全部"),
    ("--first", "检查点、日志目录，或待核验的证据文件"),
    ("--second", "另一检查点或日志目录；核验证据时不给"),
    ("--write", "证据文件的位置"),
    ("--product", "产品编号"),
    ("--by", "作出该行为的单位"),
    ("--opinion", "意见或理由"),
    ("--coded_needed", "是否须赋码后方可交付：true 或 false"),
    ("--notice_days", "公示的工作日数"),
    ("--application", "登记申请（TOML）"),
    ("--code", "登记编码，作为不透明文本保存"),
    ("--issuer", "发码机构"),
    ("--scheme", "编码规则名称"),
    ("--objector", "异议人的真实姓名或名称"),
    ("--evidence", "证据文件；只记录其摘要"),
    ("--upheld", "异议成立，登记终止"),
    ("--dismissed", "异议不成立，登记继续"),
    ("--terms", "使用条款文件，即 `product terms` 的输出"),
    ("--recipient", "接收方：名称，或其公钥（base64）"),
    ("--to", "去向：接收方名称；audit pull 中为副本目录，不存在则新建"),
    ("--recipient_key", "接收方公钥（.pub 文件）"),
    ("--exchange", "数据交易机构"),
    ("--listing", "挂牌编号"),
    ("--contract", "合同编号"),
    ("--package", "产品包：目录或 .tar 文件"),
    ("--signed", "接收方签署的文件"),
    ("--signed_with", "接收方私钥文件"),
    ("--witness", "见证方：核验公钥（可多次）或名称"),
    ("--log", "日志副本目录，用于查明其后的注销或撤销"),
    ("--delivered", "已交付的文件"),
    ("--renew", "生成新密钥"),
    ("--revoke_earlier", "声明此前密钥所签署的产品包不再可信"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(command: &Command, path: &str, gaps: &mut Vec<String>) {
        for argument in command.get_arguments() {
            let key = format!("--{}", argument.get_id());
            if chinese(&key).is_none() {
                gaps.push(key);
            }
        }
        for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
            let path = if path.is_empty() { child.get_name().to_owned() } else { format!("{path} {}", child.get_name()) };
            if chinese(&path).is_none() {
                gaps.push(path.clone());
            }
            missing(child, &path, gaps);
        }
    }

    #[test]
    fn every_command_and_option_has_chinese_help() {
        let mut gaps = Vec::new();
        missing(&Arguments::command(), "", &mut gaps);
        assert!(gaps.is_empty(), "no Chinese help for {gaps:?}");
        localised(Language::Chinese).debug_assert();
    }
}
