"""Texts and questions."""

from fastapi import APIRouter

from shelfwise_client.calls.classification import classify
from shelfwise_client.calls.support import reply
from tfx_pipeline.gateway.api.texts import Labels, PossibleAnswer, Question, Reply, TextToClassify
from tfx_pipeline.gateway.api.users import Label
from tfx_pipeline.gateway.routes.parameters import ToRead

router = APIRouter(tags=["texts"])


@router.post("/classify")
async def classify_text(sent: TextToClassify, asked: ToRead) -> Labels:
    """Give a text labels."""
    parts, request_id = asked
    said = await parts.models.ask(classify(sent.text))
    labels = [Label(label=each.label, probability=each.probability) for each in said.result]
    return Labels(request_id=request_id, model=said.model, version=said.version, labels=labels)


@router.post("/ask")
async def ask(sent: Question, asked: ToRead) -> Reply:
    """Answer a question to the shop, or say that a person should; what is handed over is logged as a query."""
    parts, request_id = asked
    user = parts.users.of(sent.user_id) if sent.user_id else ""
    said = await parts.models.ask(reply(sent.question, earlier=sent.earlier, product_id=sent.product_id), user)
    found = said.result
    if found.hand_over:
        parts.impressions.ask(user, request_id, sent.question, [], said.model, said.version)
    return Reply(
        request_id=request_id,
        model=said.model,
        version=said.version,
        intent=found.intent,
        probability=found.probability,
        answers=[PossibleAnswer(answer_id=each.answer_id, text=each.text, score=each.score) for each in found.answers],
        confidence=found.confidence,
        wants_products=found.wants_products,
        slots=dict(found.slots),
        hand_over=found.hand_over,
        reason=found.reason,
    )
