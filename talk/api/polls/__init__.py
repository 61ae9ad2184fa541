"""What a long poll or a sent message needs once its caller is known."""
