"""FastAPI behind Mangum, with aws-xray-sdk."""

from aws_xray_sdk.core import xray_recorder
from fastapi import FastAPI, Request
from mangum import Mangum

app = FastAPI()
cold = True


@app.get("/hello", response_model=None)
async def hello(request: Request) -> dict[str, str]:
    return {"message": "Hello from Lambda", "path": request.url.path}


adapter = Mangum(app, lifespan="off")


def handler(event: dict[str, str], context: object) -> object:
    global cold
    with xray_recorder.in_subsegment("hello") as subsegment:
        assert subsegment is not None
        subsegment.put_annotation("cold_start", cold)
        cold = False
        return adapter(event, context)
