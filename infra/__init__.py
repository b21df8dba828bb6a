"""What serverless.yml includes, and what packages the service. Nothing of this is deployed as code."""
