"""Record in, picture out: reads X-Ray and shows what cold starts cost, compared with warm ones."""
