"""What a blessed segmentation says of every active user: segments, profiles and a map."""
