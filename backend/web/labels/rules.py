"""Names of the dated rules (backend/core/data/rules.yaml)."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

_NAMES: dict[str, str] = {
    "limit_class_yearly_kopeks": _("Годовой лимит покупок неквалифицированного лица"),
    "limit_class_scope": _("Где считается лимит"),
    "qualified_assets_kopeks": _("Имущество для признания квалифицированным"),
    "qualified_income_yearly_kopeks": _("Годовой доход для признания квалифицированным"),
    "aml_mandatory_control_kopeks": _("Обязательный контроль операций с ЦФА от суммы"),
    "aml_foreign_trade_control_kopeks": _("Обязательный контроль внешнеторговых операций от суммы"),
    "aml_travel_rule_kopeks": _("Сведения о сторонах перевода от суммы"),
    "aml_report_working_days": _("Срок сообщения в Росфинмониторинг"),
    "aml_freeze_working_days": _("Срок замораживания по перечню"),
    "aml_rescreen_months": _("Повторная проверка по перечням, не реже"),
    "beneficial_owner_share_percent": _("Доля бенефициарного владельца, более"),
    "kyc_update_months": _("Обновление анкеты, не реже"),
    "kyc_update_low_risk_months": _("Обновление анкеты при низком риске, не реже"),
    "kyc_doubt_working_days": _("Обновление анкеты при сомнениях"),
    "minimum_age_years": _("Наименьший возраст инвестора"),
    "withdrawal_cool_off_hours": _("Ограничение вывода после восстановления доступа"),
    "access_recovery_cool_off_hours": _("Пауза при восстановлении доступа"),
    "access_recovery_working_days": _("Срок восстановления доступа"),
    "court_act_working_days": _("Срок исполнения судебного акта"),
    "payout_grace_working_days": _("Просрочка выплаты до дефолта"),
    "payout_due_time": _("Час зачисления выплаты, МСК"),
    "rules_change_notice_working_days": _("Уведомление об изменении правил за"),
    "feature_removal_notice_days": _("Уведомление об отключении возможности за"),
    "records_storage_years": _("Хранение записей реестра"),
    "aml_storage_years": _("Хранение документов по 115-ФЗ"),
    "abandoned_application_storage_months": _("Хранение незавершённых анкет"),
    "outage_recovery_hours": _("Восстановление после сбоя, не дольше"),
    "login_attempts": _("Неудачных входов до блокировки"),
    "login_lock_minutes": _("Блокировка входа на"),
    "sign_call_person_kopeks": _("Одна подписанная операция физического лица, не больше"),
    "sign_day_person_kopeks": _("Подписанные операции физического лица за день, не больше"),
    "sign_call_sole_trader_kopeks": _("Одна подписанная операция ИП, не больше"),
    "sign_day_sole_trader_kopeks": _("Подписанные операции ИП за день, не больше"),
    "sign_call_organisation_kopeks": _("Одна подписанная операция организации, не больше"),
    "sign_day_organisation_kopeks": _("Подписанные операции организации за день, не больше"),
    "sign_call_nominee_kopeks": _("Одна подписанная операция номинального держателя, не больше"),
    "sign_day_nominee_kopeks": _("Подписанные операции номинального держателя за день, не больше"),
    "sign_call_treasurer_kopeks": _("Одна подписанная операция казначея, не больше"),
    "sign_day_treasurer_kopeks": _("Подписанные операции казначея за день, не больше"),
    "sign_day_calls": _("Подписанных операций участника за день, не больше"),
}
LABELS: dict[str, dict[str, Label]] = {
    "rule": {name: Label(text, "secondary") for name, text in _NAMES.items()},
    "rule_word": {"OPERATOR": Label(_("у одного оператора"), "secondary")},
}
