"""Search that knows who asks: reorders the best things of a query by like queries, the products and the shopper."""
