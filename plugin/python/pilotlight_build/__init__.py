"""Build the zip for Lambda, and check the targets of serverless.yml: standard library only, run by the plugin."""
