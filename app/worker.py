"""The worker process: runs background jobs and starts schedules, until it is told to stop.

arq brings wake-ups at once; the worker's own look every second finds what was lost, and goes on when Redis is away.
SIGTERM lets the present jobs finish.
"""

import asyncio
import signal
import sys

import structlog
import uvloop
from redis.exceptions import RedisError

from app.integrations.stripe import StripeGateway
from app.kernel.db import Database
from app.main import make_clockwork, make_runner, prepare_pages
from app.settings import Settings
from app.system import live
from app.system.bell import hear
from app.system.runner import InProcess
from app.web import logs
from app.web.live import Broker, connect

log = structlog.get_logger()
RECONNECT_SECONDS = 2


def run(settings: Settings) -> int:
    """Work until SIGTERM. Needs REDIS_URL: without Redis, the web process does the jobs itself."""
    logs.configure(human=settings.environment == "local")
    if not settings.redis_url:
        print("REDIS_URL is missing: without Redis, the web process runs the jobs itself.", file=sys.stderr)  # noqa: T201
        return 2
    uvloop.run(_work(settings, settings.redis_url))
    return 0


async def _work(settings: Settings, redis_url: str) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    database = Database(settings.database_url)
    redis = connect(redis_url)
    live.use_broker(Broker(redis))
    prepare_pages(settings)
    runner = make_runner(settings, database, StripeGateway(settings))
    sweeper = InProcess(runner, make_clockwork(database).tick)
    sweeper.start()
    bell = asyncio.create_task(_hear(redis_url, sweeper))
    log.info("worker.started")
    await stopping.wait()
    bell.cancel()
    await asyncio.gather(bell, return_exceptions=True)
    await sweeper.stop()
    await redis.aclose()
    await database.close()


async def _hear(redis_url: str, sweeper: InProcess) -> None:
    """Let arq wake the sweeper. arq's worker ends when Redis does: begin anew until Redis is back."""
    while True:
        try:
            await hear(redis_url, sweeper.runner)
        except (RedisError, OSError) as error:
            log.warning("worker.redis_unreachable", error=type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)
