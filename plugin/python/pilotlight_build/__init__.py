"""Build the zip that Lambda gets, and check the targets of serverless.yml: standard library only, run by the plugin."""
