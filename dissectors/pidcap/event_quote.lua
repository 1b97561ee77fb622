-- SPDX-License-Identifier: GPL-2.0-only
--
-- A packet within an event, as a dropped one, by Wireshark's own dissectors. It isn't one of its connection's once more:
-- "ip" called on it would make retransmissions and count its bytes. So it is handed to "icmp" behind a made-up header, as
-- what an error message quotes, which Wireshark takes part in no conversation.
local quote = {}

local header_size = 8
local unreachable = {[4] = 3, [6] = 1}  -- ICMP's and ICMPv6's type
local dissectors = {[4] = Dissector.get("icmp"), [6] = Dissector.get("icmpv6")}

local protocols = {[1] = "ICMP", [2] = "IGMP", [6] = "TCP", [17] = "UDP", [58] = "ICMPv6", [132] = "SCTP"}
local has_ports = {[6] = true, [17] = true, [132] = true}

-- RFC 1071 over all bytes, and `start`.
local function checksum(bytes, start)
    local sum = start
    for i = 0, bytes:len() - 1 do
        sum = sum + bytes:get_index(i) * (i % 2 == 0 and 256 or 1)
    end
    while sum > 0xFFFF do
        sum = sum % 0x10000 + math.floor(sum / 0x10000)
    end
    return 0xFFFF - sum
end

local function with_header(packet, version)
    local bytes = ByteArray.new(string.format("%02x", unreachable[version]) .. string.rep("00", header_size - 1))
    bytes:append(packet:bytes())
    -- ICMPv6 has a pseudo header: of no addresses here, its length and itself.
    local sum = checksum(bytes, version == 6 and bytes:len() + 58 or 0)
    bytes:set_index(2, math.floor(sum / 256))
    bytes:set_index(3, sum % 256)
    return bytes
end

local function endpoint(address, port)
    return port and string.format(address:find(":", 1, true) and "[%s]:%d" or "%s:%d", address, port) or address
end

-- "TCP 192.0.2.1:40000 → 192.0.2.2:80", as far as the packet goes.
local function summary_of(packet, version)
    local header, protocol, source, target
    if version == 4 and packet:len() >= 20 then
        header = packet(0, 1):uint() % 16 * 4
        -- A later fragment has no ports.
        protocol = packet(9, 1):uint()
        source, target = tostring(packet(12, 4):ipv4()), tostring(packet(16, 4):ipv4())
        if packet(6, 2):uint() % 0x2000 ~= 0 then
            header = packet:len()
        end
    elseif version == 6 and packet:len() >= 40 then
        header, protocol = 40, packet(6, 1):uint()
        source, target = tostring(packet(8, 16):ipv6()), tostring(packet(24, 16):ipv6())
    else
        return nil
    end
    local source_port, target_port
    if has_ports[protocol] and packet:len() >= header + 4 then
        source_port, target_port = packet(header, 2):uint(), packet(header + 2, 2):uint()
    end
    return string.format("%s %s → %s", protocols[protocol] or string.format("protocol %d", protocol),
                         endpoint(source, source_port), endpoint(target, target_port))
end

-- `packet`: from the network header on. Returns a line on it, or nil if it is neither IPv4 nor IPv6.
function quote.dissect(packet, pinfo, tree)
    local version = math.floor(packet(0, 1):uint() / 16)
    local summary = unreachable[version] and summary_of(packet, version)
    if not summary then
        return nil
    end
    dissectors[version]:call(with_header(packet, version):tvb("Dropped packet"), pinfo, tree)
    return summary
end

return quote
