"""Record in, picture out: reads X-Ray back and shows what cold starts cost beside warm ones."""
