"""What a user may ask of the shop: all that it has, and to be forgotten."""

import asyncio

from fastapi import APIRouter

from tfx_pipeline.gateway.api.users import Export, Forgotten
from tfx_pipeline.gateway.routes.parameters import PathId, ToDelete

router = APIRouter(prefix="/users/{user_id:id}", tags=["privacy"])

_STILL_HELD_BY = [
    "artifacts of earlier runs, until `shelfwise forget` removes the user from them",
    "models that learned from the user's events, until the next run trains them again",
    "the shop's own tables, which the gateway does not write; later runs leave the user's rows out",
]


@router.get("/export")
async def export(user_id: PathId, asked: ToDelete) -> Export:
    """Give all that the store and the log have of a user."""
    parts, request_id = asked
    user = parts.users.of(user_id)
    # What was shown just now is kept first, so that it is there to be given, or to be forgotten.
    await parts.impressions.settle()
    found = await parts.writer.export(user)
    return Export(request_id=request_id, user=user, **found)


@router.delete("")
async def forget(user_id: PathId, asked: ToDelete) -> Forgotten:
    """Forget a user in store and log, and say what else holds the user."""
    parts, request_id = asked
    await parts.impressions.settle()
    user = parts.users.of(user_id)
    if parts.forgets is not None:
        # First: whatever fails below, no later run learns from the user. The log, which runs read, has the key.
        await asyncio.to_thread(parts.forgets, {user_id, user})
    store_rows, log_rows = await parts.writer.forget(user)
    return Forgotten(
        request_id=request_id, store_rows=store_rows, log_rows=log_rows, still_held_by=list(_STILL_HELD_BY)
    )
