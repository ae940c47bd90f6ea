"""What the gateway takes and answers, as typed models; OpenAPI is made of them."""
