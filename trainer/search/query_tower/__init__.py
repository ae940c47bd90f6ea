"""What reads queries in place of the BERT that reads products, taught by it; vectors of products stay as they are."""
