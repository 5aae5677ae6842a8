//! Everything that the system can do, and to what.
//!
//! Both lists are closed. An act that is not here has no door; a resource is always in one of the states of its kind.

use std::fmt;
use tidegate_rules::Shown;

/// Declares kinds of resources with their states.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $kind:ident : $en:literal, $zh:literal, [ $( $state:literal $said:literal ),* $(,)? ]; )*) => {
        /// What is acted upon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $( $(#[$meta])* $kind, )* }

        impl Kind {
            /// All kinds, in the order of the story.
            pub const ALL: &'static [Self] = &[ $( Self::$kind ),* ];

            /// What it is called.
            pub const fn shown(self) -> Shown {
                match self { $( Self::$kind => Shown { en: $en, zh: $zh }, )* }
            }

            /// Its type in the schema.
            pub const fn entity_type(self) -> &'static str {
                match self { $( Self::$kind => stringify!($kind), )* }
            }

            /// Its states, each with its name in Chinese.
            pub const fn states(self) -> &'static [(&'static str, &'static str)] {
                match self { $( Self::$kind => &[ $( ($state, $said) ),* ], )* }
            }
        }
    };
}

kinds! {
    /// The domain and its machine.
    Domain: "domain", "数据域", ["open" "运行", "stopped" "紧急停止"];
    /// An organisation.
    Organisation: "organisation", "机构", ["active" "正常", "closed" "暂时关闭", "ended" "终止"];
    /// A person's account, its tokens and keys.
    Account: "account", "账号", ["active" "正常", "locked" "锁定", "disabled" "撤销"];
    /// Rule packs, calendar and levels.
    Settings: "settings", "规则与设置", ["in_force" "生效"];
    /// A catalogue entry.
    Entry: "catalogue entry", "目录条目", ["draft" "草稿", "submitted" "已提交", "approved" "已审核", "published" "已发布", "suspended" "中止", "withdrawn" "撤回"];
    /// A mounted version of a dataset.
    Dataset: "dataset version", "数据版本", ["mounted" "已挂载", "sealed" "已封存", "destroyed" "已销毁"];
    /// An application for use.
    Application: "application", "使用申请", ["draft" "草稿", "form_review" "形式审核", "provider_review" "提供方审核", "approved" "同意", "refused" "不同意"];
    /// An implementation plan.
    Plan: "implementation plan", "实施方案", ["draft" "草稿", "submitted" "报审", "approved" "审定", "changing" "变更中"];
    /// An agreement of authorised operation.
    Agreement: "agreement", "授权运营协议", ["draft" "草稿", "notice" "公示", "decided" "审议通过", "signed" "已签订", "suspended" "中止", "ended" "终止"];
    /// A scenario of use.
    Scenario: "scenario", "应用场景", ["proposed" "已提出", "assessed" "已评估", "refused" "未通过"];
    /// A grant of columns for a purpose.
    Grant: "grant", "授权", ["live" "有效", "rectifying" "限期整改", "suspended" "中止", "cut_off" "关停", "ended" "到期或撤销"];
    /// A module.
    Module: "module", "模型", ["uploaded" "已上传", "approved" "已批准", "withdrawn" "撤回"];
    /// A run and its release.
    Run: "run", "运行", ["queued" "排队", "running" "运行中", "held" "待发布审核", "released" "已发布", "stopped" "已停止"];
    /// A product.
    Product: "product", "数据产品", ["applied" "申请", "accepted" "受理", "reviewed" "形式审核", "noticed" "公示", "registered" "赋码", "suspended" "中止", "ended" "注销或撤销"];
    /// A delivery of a product.
    Delivery: "delivery", "交付", ["offered" "待确认", "acknowledged" "已确认条款", "received" "已接收"];
    /// An objection, an order to rectify, a closing or an incident.
    Stop: "stop", "停用程序", ["open" "处理中", "decided" "已决定", "appealed" "复核中", "closed" "办结"];
    /// A correction, a finding or a complaint.
    Ticket: "ticket", "工单", ["open" "处理中", "extended" "延期", "answered" "已答复", "closed" "办结"];
    /// The transparency log and what is read from it.
    Log: "log", "日志", ["published" "已公布"];
}

/// Declares actions, each on one kind.
macro_rules! actions {
    ($( $kind:ident { $( $action:ident $name:literal : $en:literal, $zh:literal; )* } )*) => {
        /// What somebody wants to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum Action { $( $( #[doc = $en] $action, )* )* }

        impl Action {
            /// All actions, in the order of the story.
            pub const ALL: &'static [Self] = &[ $( $( Self::$action, )* )* ];

            /// What it is called.
            pub const fn shown(self) -> Shown {
                match self { $( $( Self::$action => Shown { en: $en, zh: $zh }, )* )* }
            }

            /// Its name in the schema and the policies.
            pub const fn name(self) -> &'static str {
                match self { $( $( Self::$action => $name, )* )* }
            }

            /// On what it acts.
            pub const fn kind(self) -> Kind {
                match self { $( $( Self::$action => Kind::$kind, )* )* }
            }
        }
    };
}

actions! {
    Domain {
        InitDomain "init_domain": "make the domain", "创建数据域";
        ShowStatus "show_status": "see its public status", "查看公开状态";
        StopEverything "stop_everything": "stop everything", "紧急停止全部运行";
        Resume "resume": "lift the stop of everything", "解除紧急停止";
        RotateKey "rotate_key": "change the log's key", "更换日志密钥";
        ManageWitnesses "manage_witnesses": "name and remove witnesses", "增删见证方";
        SetRetention "set_retention": "set how long records are kept", "设置保存期限";
        PurgeRecords "purge_records": "forget records after their term", "清除到期记录";
        BackUp "back_up": "back up and restore", "备份与恢复";
        ExamineMachine "examine_machine": "examine walls and speed", "检查隔离与性能";
    }
    Organisation {
        RegisterOrganisation "register_organisation": "register or change", "登记或变更";
        CloseOrganisation "close_organisation": "close its access for a time", "暂时关闭权限";
        ReopenOrganisation "reopen_organisation": "open its access again", "恢复权限";
        ReadOrganisation "read_organisation": "read", "查看";
    }
    Account {
        CreateAccount "create_account": "create", "创建";
        ManageTokens "manage_tokens": "issue and revoke tokens and keys", "签发与撤销令牌和密钥";
        DisableAccount "disable_account": "disable", "撤销";
    }
    Settings {
        LoadRulePack "load_rule_pack": "load a rule pack", "载入规则包";
        LoadCalendar "load_calendar": "load a calendar of working days", "载入工作日日历";
        SetLevels "set_levels": "set the limits of levels", "设置级别限制";
        ReadSettings "read_settings": "read", "查看";
    }
    Entry {
        DraftEntry "draft_entry": "draft or change a draft", "编制草稿";
        SubmitEntry "submit_entry": "submit", "提交审核";
        ReviewEntry "review_entry": "review", "审核";
        PublishEntry "publish_entry": "publish", "发布";
        AlterEntry "alter_entry": "propose to alter or delete", "申请修改或删减";
        ApproveAlteration "approve_alteration": "approve an alteration or deletion", "同意修改或删减";
        ChangeAttribute "change_attribute": "change sharing, opening or level", "变更共享、开放属性或级别";
        ApproveStricter "approve_stricter": "approve a stricter attribute", "审核收紧属性";
        RecordConversion "record_conversion": "record that data were treated or consented", "登记脱敏或同意";
        AdjustInEmergency "adjust_in_emergency": "relax sharing in an emergency", "突发事件临时调整";
        WithdrawEntry "withdraw_entry": "withdraw", "撤回";
        RestoreEntry "restore_entry": "restore after a suspension", "恢复";
        ReadEntry "read_entry": "read and export", "查看与导出";
    }
    Dataset {
        MountDataset "mount_dataset": "mount a version", "挂载数据版本";
        SetReleasePolicy "set_release_policy": "set the release policy and budget", "设置发布策略与预算";
        ReadImportReport "read_import_report": "read the import report with exact counts", "查看含精确数的导入报告";
        ReadOverlap "read_overlap": "read how many units other lineages share", "查看与其他谱系重合的单元数";
        ReadDataset "read_dataset": "read declared bounds and accounts", "查看申报界限与账户";
        SealDataset "seal_dataset": "seal and unseal", "封存与解封";
        DestroyDataset "destroy_dataset": "destroy with a certificate", "销毁并出具证明";
        ReadUsage "read_usage": "read how it was used", "查看使用情况";
    }
    Application {
        SubmitApplication "submit_application": "submit", "提交申请";
        ReviewForm "review_form": "review the form", "形式审核";
        ReviewApplication "review_application": "review as the provider", "提供方审核";
        ReadApplication "read_application": "read", "查看";
    }
    Plan {
        DraftPlan "draft_plan": "draft or submit", "编制与报审";
        RecordPlanApproval "record_plan_approval": "record the government's approval", "登记政府审定";
        ChangePlan "change_plan": "begin a change", "启动变更";
        ReadPlan "read_plan": "read", "查看";
    }
    Agreement {
        PrepareAgreement "prepare_agreement": "prepare, select and give notice", "拟定、遴选与公示";
        DecideAgreement "decide_agreement": "record the collective decision", "登记集体决策";
        SignAgreement "sign_agreement": "sign", "签订";
        FileAgreement "file_agreement": "record filings", "登记备案";
        AddSubAgreement "add_sub_agreement": "add a developer's agreement", "登记开发利用协议";
        SuspendAgreement "suspend_agreement": "suspend", "中止";
        EndAgreement "end_agreement": "end", "终止";
        ReadAgreement "read_agreement": "read", "查看";
    }
    Scenario {
        ProposeScenario "propose_scenario": "propose", "提出";
        AssessScenario "assess_scenario": "assess", "评估";
        ReadScenario "read_scenario": "read", "查看";
    }
    Grant {
        GiveGrant "give_grant": "give", "授予";
        RevokeGrant "revoke_grant": "revoke", "撤销";
        ReadGrant "read_grant": "read", "查看";
    }
    Module {
        UploadModule "upload_module": "upload", "上传";
        ApproveModule "approve_module": "approve for exact tables", "批准生成精确表格";
        WithdrawModule "withdraw_module": "withdraw", "撤回";
        ReadModule "read_module": "read", "查看";
    }
    Run {
        QuoteRun "quote_run": "quote", "询价";
        RequestRun "request_run": "run", "发起运行";
        StopRun "stop_run": "stop", "停止";
        ReviewRelease "review_release": "review before publication", "发布前审核";
        ReadRelease "read_release": "read the release", "查看发布结果";
        RecordEffect "record_effect": "record what came of it", "登记应用成效";
        ReplayRun "replay_run": "run again and compare", "重放";
    }
    Product {
        ApplyForProduct "apply_for_product": "apply for registration", "申请登记";
        ProcessProduct "process_product": "accept, review, give notice, assign the code", "受理、审核、公示、赋码";
        RevokeProduct "revoke_product": "revoke", "撤销登记";
        WithdrawProduct "withdraw_product": "withdraw", "申请注销";
        ListProduct "list_product": "list for trade", "上架";
        ReadProduct "read_product": "read the register", "查看登记";
        TraceProduct "trace_product": "trace to data, module and approver", "溯源";
    }
    Delivery {
        DeliverProduct "deliver_product": "deliver", "交付";
        AcknowledgeTerms "acknowledge_terms": "acknowledge the terms", "确认条款";
        ReceivePackage "receive_package": "receive", "接收";
        VerifyPackage "verify_package": "verify", "核验";
    }
    Stop {
        FileObjection "file_objection": "object with evidence", "提出异议并举证";
        DecideObjection "decide_objection": "decide an objection", "处理异议";
        AppealObjection "appeal_objection": "appeal", "申请复核";
        DecideAppeal "decide_appeal": "decide an appeal", "复核";
        OrderRectification "order_rectification": "order to rectify by a date", "责令限期整改";
        AcceptRectification "accept_rectification": "accept a rectification", "验收整改";
        CutOff "cut_off": "cut off after the date", "关停";
        ReportIncident "report_incident": "report an incident", "报告安全事件";
        CloseIncident "close_incident": "close an incident", "办结安全事件";
    }
    Ticket {
        OpenCorrection "open_correction": "ask for a correction", "申请校核";
        AnswerCorrection "answer_correction": "answer or extend a correction", "答复或延期校核";
        OpenFinding "open_finding": "open a finding of an inspection", "提出检查问题";
        AnswerFinding "answer_finding": "answer a finding", "整改答复";
        CloseFinding "close_finding": "close a finding", "销号";
        FileComplaint "file_complaint": "report an unlawful use", "举报";
        AnswerComplaint "answer_complaint": "answer a report", "答复举报";
        ReadTicket "read_ticket": "read", "查看";
    }
    Log {
        ReadLog "read_log": "read and verify", "查阅与核验";
        ExportDossier "export_dossier": "search, explain and export", "检索、解释与导出";
        OpenCommitment "open_commitment": "open a commitment", "开启承诺";
        MakeReport "make_report": "make reports and evaluations", "编制报告与评估";
    }
}

impl Action {
    /// The action with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

impl Kind {
    /// A state of this kind, by its name.
    pub fn state(self, name: &str) -> Option<&'static str> {
        self.states().iter().map(|(state, _)| *state).find(|state| *state == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.shown(), f)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.shown(), f)
    }
}
