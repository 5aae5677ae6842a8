//! Why an act about a product was refused, with its clause.

use tidegate_product::{ApplicationError, PackageError};
use tidegate_terms::messages;

messages! {
    /// Why an act about a product was refused.
    pub enum ProductError {
        Unknown { product: String } = "product.unknown" {
            en: "there is no product `{product}`; `tidegate product list` shows what there is",
            zh: "没有产品 `{product}`；`tidegate product list` 会列出现有产品",
        },
        Run { run: String } = "product.run" {
            en: "run `{run}` has no finished, visible release: a product is made of released runs alone",
            zh: "运行 `{run}` 没有已完成且可见的发布结果：产品只能由已发布的运行构成",
        },
        OtherOperator { run: String, operator: String } = "product.other-operator" {
            en: "run `{run}` did not run under a grant of `{operator}`: an operator registers its own releases (Shuangyashan Art. 50)",
            zh: "运行 `{run}` 不在 `{operator}` 的授权之下：运营机构只登记自己的发布结果（双鸭山第五十条）",
        },
        Grant { run: String, grant: String } = "product.grant" {
            en: "grant {grant} of run `{run}` was revoked or is over: nothing is registered or delivered under it",
            zh: "运行 `{run}` 的授权 {grant} 已撤销或到期：不得据此登记或交付",
        },
        Input { input: String } = "product.input" {
            en: "the input `{input}` is not registered in this domain: register it first, or name its product identifier",
            zh: "所用产品 `{input}` 未在本数据域登记：请先登记，或写明其产品编号",
        },
        Redeveloped { input: String, operator: String } = "product.redeveloped" {
            en: "`{input}` was delivered by `{operator}`: an operator or its affiliate must not take part, directly or indirectly, in the re-development of a delivered product (Shuangyashan Art. 51)",
            zh: "`{input}` 已由 `{operator}` 交付：运营机构及其关联方不得直接或间接参与已交付产品的再开发（双鸭山第五十一条）",
        },
        RiskAssessment { until: String } = "product.risk-assessment" {
            en: "the risk assessment was valid until {until}: renew it and apply again",
            zh: "风险评估有效期至 {until}：请更新后重新申请",
        },
        SelfReview { by: String } = "product.self-review" {
            en: "`{by}` is the applicant or its affiliate: another organisation must decide on a registration",
            zh: "`{by}` 是申请方或其关联方：登记须由其他单位审核",
        },
        Withdrawer { by: String, operator: String } = "product.withdrawer" {
            en: "`{by}` cannot withdraw a registration of `{operator}`: withdrawal (注销) is the applicant's; a registration body revokes (撤销)",
            zh: "`{by}` 不能注销 `{operator}` 的登记：注销由登记主体提出；登记机构可以撤销",
        },
        Changed { product: String } = "product.changed" {
            en: "product `{product}` was changed by somebody else at the same moment: look at it again and try once more",
            zh: "产品“{product}”同时被他人修改：请查看后重试",
        },
        Stage { product: String, stage: String } = "product.stage" {
            en: "product {product} is {stage}: the steps are accept, review, notice, code, each after the one before",
            zh: "产品 {product} 的状态为 {stage}：步骤依次为受理、形式审核、公示、赋码，不得跳过",
        },
        Reason = "product.reason" {
            en: "a refusal, revocation, withdrawal or decision needs its reason: give --opinion",
            zh: "不予登记、撤销、注销或裁定须说明理由：请用 --opinion 给出",
        },
        Objector = "product.objector" {
            en: "an objection needs the real name of who objects and evidence: give --objector and --evidence",
            zh: "异议须实名并附证据：请给出 --objector 和 --evidence",
        },
        NoObjection { product: String } = "product.no-objection" {
            en: "product {product} has no open objection to decide on",
            zh: "产品 {product} 没有待裁定的异议",
        },
        ObjectionOpen { product: String } = "product.objection-open" {
            en: "product {product} has an open objection: decide on it with `tidegate product decide` before the code is given",
            zh: "产品 {product} 有异议未决：请先用 `tidegate product decide` 裁定，再行赋码",
        },
        Notice { days: u32, needed: u32 } = "product.notice" {
            en: "the public notice has lasted {days} of {needed} working days (登记办法 Art. 10): wait until it is over",
            zh: "公示已满 {days} 个工作日，须满 {needed} 个（登记办法第十条）：请待期满",
        },
        Code = "product.code" {
            en: "a code needs its text, issuer and scheme: give --code, --issuer and --scheme, each at most 200 characters",
            zh: "赋码须有编码、发码机构与编码规则：请给出 --code、--issuer 和 --scheme，各不超过 200 字",
        },
        NotCoded { product: String, stage: String } = "product.not-coded" {
            en: "product {product} is {stage}: it cannot be delivered before it is registered and coded (Shuangyashan Art. 50); `tidegate product policy` says what is demanded",
            zh: "产品 {product} 的状态为 {stage}：未完成登记赋码不得交付（双鸭山第五十条）；`tidegate product policy` 可查看要求",
        },
        Expired { product: String, until: String } = "product.expired" {
            en: "the registration of product {product} ended on {until} (登记办法 Art. 15): register it anew",
            zh: "产品 {product} 的登记已于 {until} 到期（登记办法第十五条）：请重新登记",
        },
        Verification = "product.verification" {
            en: "a verification about one subject (数据核验) is neither private nor an aggregate: no run produces it and no package carries it",
            zh: "针对单一主体的数据核验既不具备隐私保护也不是汇总：任何运行都不产生它，任何产品包都不载有它",
        },
        OtherTerms { product: String } = "product.other-terms" {
            en: "the file acknowledges other terms than those of product {product}: get them with `tidegate product terms` and sign again",
            zh: "该文件确认的不是产品 {product} 的条款：请用 `tidegate product terms` 获取后重新签署",
        },
        AcknowledgedAlready { product: String } = "product.acknowledged-already" {
            en: "this recipient acknowledged the terms of product {product} before; nothing was changed",
            zh: "该接收方此前已确认产品 {product} 的条款；未作更改",
        },
        NotAcknowledged { recipient: String } = "product.not-acknowledged" {
            en: "`{recipient}` has not acknowledged the terms with this key (Shuangyashan Art. 72): `tidegate product acknowledgement` makes the file, `tidegate product acknowledge` records it",
            zh: "`{recipient}` 尚未用该密钥确认使用条款（双鸭山第七十二条）：用 `tidegate product acknowledgement` 生成确认书，`tidegate product acknowledge` 予以记录",
        },
        Trade { field: String } = "product.trade" {
            en: "`{field}` must have between 1 and 200 characters and no control characters: a delivery names recipient, exchange, listing and contract (Shuangyashan Art. 56)",
            zh: "“{field}”须为 1 至 200 个字符且不含控制字符：交付须写明接收方、交易机构、挂牌与合同编号（双鸭山第五十六条）",
        },
        OutExists { path: String } = "product.out-exists" {
            en: "`{path}` exists already: name something that does not exist yet",
            zh: "`{path}` 已存在：请指定一个尚不存在的名称",
        },
        UnknownDelivery { delivery: String } = "product.unknown-delivery" {
            en: "the receipt is for delivery `{delivery}`, which this domain did not make, or for another package or key: ask the recipient for the right file",
            zh: "回执所指交付 `{delivery}` 并非本数据域所作，或针对其他产品包、密钥：请向接收方索取正确的文件",
        },
        ReceivedAlready { delivery: String } = "product.received-already" {
            en: "delivery {delivery} has a receipt already; nothing was changed",
            zh: "交付 {delivery} 已有回执；未作更改",
        },
        NoticeDays { days: u32 } = "product.notice-days" {
            en: "a public notice of {days} working days is not possible: choose between 0 and 365",
            zh: "公示期不能为 {days} 个工作日：请在 0 至 365 之间选择",
        },
        UnknownFile { digest: String } = "product.unknown-file" {
            en: "no file with the digest {digest} left this domain in a package: it was changed, or comes from elsewhere",
            zh: "本数据域的产品包中没有摘要为 {digest} 的文件：文件已被改动，或来自他处",
        };
        Application(ApplicationError),
        Package(PackageError),
    }
}
