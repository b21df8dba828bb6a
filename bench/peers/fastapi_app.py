"""FastAPI behind Mangum, with aws-xray-sdk."""

from aws_xray_sdk.core import xray_recorder
from fastapi import FastAPI, Request
from mangum import Mangum

app = FastAPI()
cold = True


@app.get("/hello")
async def hello(request: Request):
    return {"message": "Hello from Lambda", "path": request.url.path}


adapter = Mangum(app, lifespan="off")


def handler(event, context):
    global cold
    with xray_recorder.in_subsegment("hello") as subsegment:
        subsegment.put_annotation("cold_start", cold)
        cold = False
        return adapter(event, context)
