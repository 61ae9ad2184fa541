"""Actions and checks in calls."""

from __future__ import annotations

from typing import Any

from tests.browser.visitors import Visitor, expect

SHOWS_VIDEO = """
(name) => {
  const video = document.querySelector(`.tk-tile video[aria-label="${name}"]`);
  return video !== null && video.videoWidth > 0
    && video.getVideoPlaybackQuality().totalVideoFrames > 2;
}
"""
"""Whether the tile with this name shows video frames."""

RECEIVES_AUDIO = """
async () => {
  const isReceived = async () => {
    const reports = await Promise.all(window.connections.map((one) => one.getStats()));
    return reports.some((report) => [...report.values()].some((one) =>
      one.type === "inbound-rtp" && one.kind === "audio" && one.bytesReceived > 1000
    ));
  };
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (await isReceived()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
"""
"""Wait for audio and return whether it arrived: Playwright polls no async functions."""

SENDS_QUALITY = """
(wanted) => {
  const open = window.connections.filter((one) => one.iceConnectionState === "connected"
    || one.iceConnectionState === "completed");
  const senders = open.flatMap((one) => one.getSenders());
  const pictures = senders.filter((one) => one.track?.kind === "video");
  return pictures.length > 0 && pictures.every((one) => {
    const [encoding] = one.getParameters().encodings;
    return Object.entries(wanted).every(([key, value]) => encoding[key] === value);
  });
}
"""
"""Whether the video goes to every connection with these encoding parameters."""

RECEIVES_WIDTH = """
([name, width]) => {
  const video = document.querySelector(`.tk-tile video[aria-label="${name}"]`);
  return video.videoWidth > 0 && video.videoWidth <= width;
}
"""
"""Whether the tile with this name shows video of at most this width."""

RECORD_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super({ ...configuration, iceTransportPolicy: window.icePolicy ?? "all" });
    window.connections.push(this);
  }
};
"""
"""Records all WebRTC connections, and applies the tests' ICE policy."""

USED_CANDIDATES = """
async () => {
  const types = [];
  for (const connection of window.connections) {
    const report = await connection.getStats();
    for (const transport of report.values()) {
      const pair = report.get(transport.selectedCandidatePairId);
      if (pair) types.push(report.get(pair.localCandidateId).candidateType);
    }
  }
  return types;
}
"""


def record_connections(visitor: Visitor, policy: str = "all") -> None:
    """Record the connections of pages opened from now on; `relay` allows only TURN."""
    visitor.context.add_init_script(
        f"window.icePolicy = '{policy}';{RECORD_CONNECTIONS}"
    )


def join_call(visitor: Visitor) -> None:
    """Join or start the call with the preview's defaults."""
    visitor.page.locator(".tk-call-button").click()
    visitor.dialog.locator("footer button").click()
    controls(visitor).get_by_role("button", name="Leave the call").wait_for()


def controls(visitor: Visitor) -> Any:
    """Return the buttons below the tiles."""
    return visitor.page.locator(".tk-call-view .tk-call-controls")


def press(visitor: Visitor, name: str) -> None:
    """Press one of the buttons below the tiles."""
    controls(visitor).get_by_role("button", name=name, exact=True).click()


def tile(visitor: Visitor, name: str) -> Any:
    """Return the tile with this name."""
    people = visitor.page.get_by_role("list", name="People in the call")
    exact = visitor.page.get_by_text(name, exact=True)
    return people.get_by_role("listitem").filter(has=exact)


def expect_to_see(visitor: Visitor, *names: str) -> None:
    """Wait until the tiles with these names show video."""
    for name in names:
        expect(tile(visitor, name)).to_have_count(1)
        visitor.page.wait_for_function(SHOWS_VIDEO, arg=name)


def expect_people_in_call(visitor: Visitor, count: int) -> None:
    """Wait until the call has this many tiles, the own tile among them."""
    people = visitor.page.get_by_role("list", name="People in the call")
    expect(people.get_by_role("listitem")).to_have_count(count)
