"""A demo camera: real footage, played over RTSP in an endless loop."""
