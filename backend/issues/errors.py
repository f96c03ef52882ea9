"""Refusals of issues (those of the decision itself are in decision_problems).

IssueUnknown           no such issue, or another issuer's
IssueNotEditable       it is with the moderators or decided
DocumentMissing        a document that the decision names isn't attached
IssuerDiffers          the decision names another issuer
NotDeployable          terms that the register can't hold yet
SameModerator          the second approval must be another person's
"""

from backend.core.errors import Forbidden, Invalid, NotAllowedInState, NotFound


class IssueUnknown(NotFound):
    """No such issue, or another issuer's."""

    code = "issue_unknown"
    message_ru = "Выпуск не найден."
    message_en = "No such issue."


class IssueNotEditable(NotAllowedInState):
    """It is with the moderators or decided."""

    code = "issue_not_editable"
    message_ru = "Решение на модерации или уже утверждено: изменить его нельзя."
    message_en = "The decision is with the moderators or approved: it can't be changed."


class DocumentMissing(Invalid):
    """A document that the decision names isn't attached."""

    code = "document_missing"
    message_ru = "Приложите все документы, названные в решении."
    message_en = "Attach every document that the decision names."


class IssuerDiffers(Invalid):
    """The decision names another issuer."""

    code = "issuer_differs"
    message_ru = "ИНН и ОГРН в решении не совпадают с данными вашей организации."
    message_en = "ИНН and ОГРН of the decision are not those of your organisation."


class NotDeployable(Invalid):
    """Terms that the register can't hold yet."""

    code = "not_deployable"
    message_ru = "Выпуски с ценой по формуле пока можно только готовить: реестр принимает цену и номинал в рублях."
    message_en = (
        "Issues priced by a formula can only be drafted yet: the register takes a price and a nominal in rubles."
    )


class SameModerator(Forbidden):
    """The second approval must be another person's."""

    code = "same_moderator"
    message_ru = "Второе утверждение даёт другой модератор."
    message_en = "The second approval is another moderator's."
