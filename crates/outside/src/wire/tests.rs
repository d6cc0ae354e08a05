use super::*;
use crate::Cassette;
use std::net::TcpListener;

const TIMEOUT: Duration = Duration::from_secs(20);

#[test]
fn what_was_recorded_is_answered_again_and_its_failures_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().to_string();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let world = Outside::recording();
    let connected = world.connect(&open, TIMEOUT).unwrap();
    let refused = world.connect(&closed, TIMEOUT).unwrap_err();
    assert_eq!(refused, WireError::Failed(format!("{closed} refused the connection")));
    drop(listener);

    let text = serde_json::to_string(&world.cassette().unwrap()).unwrap();
    let tape: Cassette = serde_json::from_str(&text).unwrap();
    let again = Outside::replaying(tape, crate::Clock::system());
    assert_eq!(again.connect(&open, TIMEOUT).unwrap().ip, connected.ip);
    assert_eq!(again.connect(&closed, TIMEOUT).unwrap_err(), refused);
    // What nobody recorded says nothing about the endpoint.
    assert!(matches!(again.connect("127.0.0.1:1", TIMEOUT), Err(WireError::Hindered(_))));
}

#[test]
fn a_name_server_that_is_silent_is_waited_for_no_longer_than_was_said() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let error = Outside::live().ask_name_server(&address, &[0; 12], Duration::from_millis(50)).unwrap_err();
    assert_eq!(error, WireError::Failed(format!("{address} did not answer within 50ms")));
}

#[test]
fn the_number_of_a_question_does_not_count_for_a_recording() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let mut room = [0; 512];
        let (length, from) = server.recv_from(&mut room).unwrap();
        // A late answer to another question comes first, and is passed over.
        server.send_to(&[9; 12], from).unwrap();
        server.send_to(&room[..length], from).unwrap();
    });
    let world = Outside::recording();
    let question = |number: u8| [number, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(world.ask_name_server(&address, &question(1), TIMEOUT).unwrap(), question(1));
    answering.join().unwrap();
    let again = Outside::replaying(world.cassette().unwrap(), crate::Clock::system());
    assert_eq!(again.ask_name_server(&address, &question(7), TIMEOUT).unwrap(), question(7));
}
